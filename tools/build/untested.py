"""Lists the sources without a test of their own name (tools/build/tested.py has the rule)."""

# Sources that a test of another name covers ...
TESTED_ELSEWHERE = {
    "agent/text": "agent/agent",
    "drivers/e1000/nic": "firmware/nics",
    "drivers/virtio/bring_up": "drivers/virtio/request_device",
    "drivers/virtio/mmio_nic": "firmware/nics",
    "drivers/virtio/nic": "firmware/nics",
    "drivers/virtio/port_queues": "drivers/virtio/serial_port",
    "drivers/vmxnet3/buffer_ring": "drivers/vmxnet3/receive_queue",
    "drivers/vmxnet3/nic": "firmware/nics",
    "firmware/settings/interface_draft": "firmware/settings/network_config",
    "firmware/settings/interface_fields": "firmware/settings/settings",
    "firmware/settings/parse": "firmware/settings/settings",
    "firmware/settings/settings_file": "firmware/settings/network_config",
    "http/connection/connection_answers": "http/connection/connection",
    "http/connection/reply_writer": "http/connection/connection",
    "http/operations/endpoints": "http/operations/metrics",
    "http/pack/crc32": "http/pack/site_pack",
    "http/reply/date": "http/reply/conditions",
    "http/reply/reply_tail": "http/reply/ranges",
    "http/request/request_buffer": "http/connection/connection",
    "http/request/request_reader": "http/connection/connection",
    "http/request/target": "http/request/request",
    "netstack/dhcp/message": "netstack/dhcp/client",
    "netstack/interface/arp": "netstack/interface/claims",
    "netstack/interface/attachment_lines": "netstack/interface/attachment_addresses",
    "netstack/interface/attachment_routes": "netstack/ip/routes_set",
    "netstack/interface/attachment_stations": "netstack/interface/neighbours",
    "netstack/interface/receive": "netstack/stack",
    "netstack/interface/transmit": "netstack/stack",
    "netstack/lwip/heap": "netstack/stack",
    "netstack/lwip/lwip_port": "netstack/stack",
    "netstack/sender/flight_marks": "netstack/sender/flight",
    "netstack/sender/short_way": "netstack/tcp/prompt_answer",
    **{f"netstack/sender/{name}": "netstack/sender/sender"
       for name in ["seam", "sender_frames", "waiting"]},
    **{f"netstack/sender/recovery_{part}": "netstack/sender/recovery"
       for part in ["ack", "send", "timers"]},
    "netstack/sender/congestion/bbr_model": "netstack/sender/congestion/bbr",
    "netstack/sender/congestion/bbr_states": "netstack/sender/congestion/bbr",
    "netstack/stats": "netstack/stack",
    "volumes/fat_chain": "volumes/fat",
    "volumes/fat_directory": "volumes/fat",
    "volumes/partitions": "volumes/fat",
    "volumes/system_use": "volumes/iso9660",
}

# ... and those that no test covers, with the reason.
UNTESTED = {
    "boot/uefi/handover": "leaves the firmware for good; black-box tests boot by it",
    "boot/uefi/main": "puts the loader together, likewise",
    "boot/uefi/memory": "gives the loader functions of the C library, which the host has itself",
    "firmware/disks": "the list of disks' drivers; black-box tests read disks of each",
    "firmware/entropy_sources": "draws from devices; a black-box test has one",
    "firmware/settings/gather": "the sources' order; black-box tests use each",
    "firmware/agent_ports": "finds devices and passes facts on; black-box tests talk to the agent",
    "firmware/main": "puts the parts together; black-box tests boot it",
    "firmware/power": "joins shutdown.hpp to the machine; black-box tests press its button",
    "kernel/faults/runtime": "gives panic() names of the C++ library, which the host has itself",
    "kernel/memory/memory": "gives memory.hpp's functions names of the C library, likewise",
}

# Headers that only a machine can run, with the reason; none with logic worth a test. `ninja
# coverage` prints its total with and without these and UNTESTED's sources.
HARDWARE = {
    "kernel/cpu/injection.hpp": "does nothing but in images built for it; a black-box test has one",
    "kernel/cpu/instructions.hpp": "the CPU's instructions; tests/unit/machine takes their place",
    "kernel/cpu/mmio.hpp": "volatile registers, likewise",
    "kernel/cpu/port_io.hpp": "in and out, likewise",
}
