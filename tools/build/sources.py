"""Lists Mote's sources explicitly; tools/build/host_programs.py lists those of tests and fuzzers.

A source that is not named here is not built.
"""

# Mote itself, floor by floor.
KERNEL = ["cpu/cpu", "memory/dma", "memory/memory", "memory/packet", "memory/page_table",
          "memory/paging", "acpi/acpi", "time/clock", "time/reference_timer", "time/wall_clock",
          "console/console", "console/framebuffer_text", "console/vga_text",
          "interrupts/interrupts", "interrupts/local_apic",
          "pci/access", "pci/hotplug", "pci/interrupts", "pci/pci", "platform/entropy",
          "platform/fw_cfg", "platform/power", "platform/reset", "platform/smbios",
          "platform/virtio_mmio", "faults/last_run", "faults/panic",
          "faults/runtime", "faults/stack_guard", "faults/turn_limit"]
FORMATS = ["json", "reader", "toml", "yaml", "yaml_text"]
DRIVERS = ["ahci/controller", "ahci/port",
           "e1000/nic", "e1000/pci_registers", "e1000/receive_ring", "e1000/transmit_ring",
           "i6300esb/watchdog", "ide/channel", "ide/controller",
           "virtio/any_transport", "virtio/block", "virtio/bring_up", "virtio/entropy_source",
           "virtio/mmio_nic", "virtio/mmio_transport", "virtio/nic", "virtio/pci_transport",
           "virtio/port_queues", "virtio/receive_queue", "virtio/request_device",
           "virtio/request_queue", "virtio/ring", "virtio/scsi_bus", "virtio/serial_port",
           "virtio/text", "virtio/transmit_queue",
           "vmxnet3/buffer_ring", "vmxnet3/nic", "vmxnet3/pci_registers", "vmxnet3/receive_queue",
           "vmxnet3/transmit_queue"]
VOLUMES = ["disk", "fat", "fat_chain", "fat_directory", "iso9660", "partitions", "system_use",
           "volume"]
AGENT = ["agent", "framer", "text"]
NETSTACK = ["ip/icmp_errors", "ip/path_mtu", "ip/routes", "dhcp/client", "dhcp/lease",
            "dhcp/message", "lwip/heap", "lwip/lwip_port", "lwip/pools", "tcp/acceptance",
            "tcp/connections", "tcp/prompt_answer", "tcp/stream", "tcp/syn_cookies",
            "tcp/syn_offer", "interface/address_conflict", "interface/arp",
            "interface/attachment",
            "interface/attachment_lines", "interface/attachment_routes",
            "interface/attachment_stations", "interface/claims", "interface/classifier",
            "interface/neighbours", "interface/pressure", "interface/receive",
            "interface/transmit",
            *[f"sender/{name}" for name in (
                "block", "departures", "flight", "flight_marks", "frame", "path_probe", "queue",
                "rack", "recovery", "recovery_ack", "recovery_no_sack", "recovery_send",
                "recovery_timers", "sack_option", "seam", "sender", "sender_frames",
                "short_way", "waiting")],
            *[f"sender/congestion/{name}" for name in (
                "bbr", "bbr_model", "bbr_states", "congestion", "cubic", "hystart")],
            "stats"]
HTTP = ["request/content", "request/request", "request/request_buffer", "request/request_reader",
        "request/section_scanner", "request/target", "pack/crc32", "pack/site_pack",
        "reply/conditions", "reply/date", "reply/holding", "reply/negotiation", "reply/preface",
        "reply/ranges", "reply/redirect", "reply/reply", "reply/reply_cache", "reply/reply_tail",
        "operations/access_log", "operations/endpoints", "operations/metrics",
        "connection/connection", "connection/connection_answers", "connection/drain",
        "connection/reply_writer", "connection/server", "connection/sources"]
FIRMWARE = ["agent_ports", "disks", "entropy_sources", "idle", "main", "nics", "pools", "power",
            "settings/gather", "settings/interface_draft", "settings/interface_fields",
            "settings/interface_rules", "settings/interfaces_file", "settings/meta_data",
            "settings/network_config", "settings/network_data", "settings/parse",
            "settings/settings", "settings/settings_disk", "settings/settings_file",
            "settings/user_data", "site", "watchdog"]

# The floors, each with its sources. What a floor may see below it is in tools/build/style.py.
FLOORS = {"kernel": KERNEL, "formats": FORMATS, "drivers": DRIVERS, "volumes": VOLUMES,
          "agent": AGENT, "netstack": NETSTACK, "http": HTTP, "firmware": FIRMWARE}

# The house, with the parts of boot/ that are C++.
HOUSE = ("boot", *FLOORS)

# Optimized for speed: code that runs for each frame, segment, request or byte of a site. All else
# is optimized for size.
HOT = ["kernel/time/clock", "kernel/memory/packet",
       "drivers/e1000/nic", "drivers/e1000/receive_ring", "drivers/e1000/transmit_ring",
       "drivers/virtio/mmio_nic", "drivers/virtio/nic", "drivers/virtio/receive_queue",
       "drivers/virtio/ring", "drivers/virtio/transmit_queue",
       "drivers/vmxnet3/buffer_ring", "drivers/vmxnet3/nic", "drivers/vmxnet3/receive_queue",
       "drivers/vmxnet3/transmit_queue",
       "netstack/interface/attachment", "netstack/interface/attachment_stations",
       "netstack/interface/classifier",
       "netstack/interface/receive", "netstack/interface/transmit", "netstack/lwip/heap",
       "netstack/lwip/lwip_port", "netstack/lwip/pools",
       *[f"netstack/sender/{name}" for name in (
           "block", "departures", "flight", "flight_marks", "frame", "queue", "rack",
           "recovery_ack", "recovery_no_sack", "recovery_send", "recovery_timers", "sack_option",
           "seam", "sender", "sender_frames", "short_way", "waiting")],
       *[f"netstack/sender/congestion/{name}" for name in (
           "bbr", "bbr_model", "bbr_states", "congestion", "cubic", "hystart")],
       "netstack/tcp/acceptance", "netstack/tcp/prompt_answer", "netstack/tcp/stream",
       "netstack/tcp/syn_cookies",
       "http/request/request", "http/request/request_reader",
       "http/request/section_scanner", "http/request/target",
       "http/pack/crc32", "http/pack/site_pack",
       "http/reply/conditions", "http/reply/negotiation", "http/reply/preface",
       "http/reply/reply", "http/reply/reply_cache",
       "http/connection/connection", "http/connection/connection_answers",
       "http/connection/sources",
       "http/connection/reply_writer", "http/connection/server",
       "firmware/idle", "firmware/nics",
       *[f"lwip/src/core/{name}" for name in (
           "def", "inet_chksum", "ip", "mem", "netif", "pbuf", "tcp", "tcp_in", "tcp_out",
           "timeouts", "ipv4/etharp", "ipv4/ip4", "ipv4/ip4_addr")],
       "lwip/src/netif/ethernet"]
APART = ["kernel/memory/memory"]

# Needed only until the settings are read. Their code lies together in the image, and its memory is
# used for pools afterwards, so nothing else may call into it (tests/unit/tools/build/
# test_boot_only.py looks).
BOOT_ONLY = ["formats/toml", "formats/yaml", "formats/yaml_text",
             *[f"firmware/settings/{name}" for name in (
                 "interface_draft", "interface_fields", "interfaces_file", "meta_data",
                 "network_config", "network_data", "parse", "settings", "settings_disk",
                 "settings_file", "user_data")],
             "firmware/disks", "firmware/entropy_sources", "firmware/settings/gather",
             "kernel/platform/fw_cfg",
             *[f"drivers/{name}" for name in (
                 "ahci/controller", "ahci/port", "ide/channel", "ide/controller")],
             *[f"drivers/virtio/{name}" for name in (
                 "block", "entropy_source", "request_device", "request_queue", "scsi_bus")],
             *[f"volumes/{name}" for name in VOLUMES]]

# Without the stack protector, which would cost more than 2 % of an echo reply, a connection or a
# 404. Their objects on the stack are of fixed size, and no length from outside reaches them.
UNGUARDED = ["http/request/section_scanner", "kernel/platform/entropy",
             "netstack/interface/classifier", "netstack/tcp/prompt_answer"]

# NASM: sources linked into the kernel, and the flat loader in front of it on a BIOS disk.
BOOT = ["boot/pvh.asm", "boot/long_mode.asm", "boot/traps.asm"]
LOADER = "boot/loader.asm"

# The UEFI loader, an application of its own, with the kernel inside.
UEFI = [*[f"boot/uefi/{name}.cpp" for name in (
    "firmware", "handover", "machine_facts", "main", "memory", "pack_sources")],
    "boot/uefi/handover.asm", "boot/uefi/kernel.asm"]

# The packer's sources: a change in them repacks the sites.
PACKER = ["tools/site/mime.types",
          *[f"tools/base/{name}.py" for name in ("errors", "files", "setup", "terminal")],
          *[f"tools/site/{name}.py" for name in (
              "addresses", "compress", "config", "config_document", "config_values", "contents",
              "field_sets", "fingerprints", "http_config", "media_types", "messages", "pack",
              "pack_format", "pack_writer", "policy", "redirects", "settings", "site_plan",
              "site_tree")]]

# The sources of what puts the images together.
ASSEMBLER = ["tools/base/errors.py", "tools/base/files.py",
             *[f"tools/image/{name}.py" for name in (
                 "assemble", "bootable", "disk", "fat", "gpt", "pieces")]]
