"""Lists the programs that run on the host, unit tests and fuzzers, each with its sources.

A source that is not named here or in tools/build/sources.py is not built.
"""

from tools.build.sources import AGENT, DRIVERS, FORMATS, HTTP, NETSTACK, VOLUMES

# Unit test programs, tests/unit/NAME_test.cpp, each with the sources that it tests and the fakes
# below them. LWIP stands for all of lwIP.
LWIP = "lwip"


def _all(folder: str, *names: str) -> list[str]:
    return [f"{folder}/{name}.cpp" for name in names]


FAKE_CONSOLE = "tests/unit/fake_console.cpp"
RING_MEMORY = "tests/fakes/ring_memory.cpp"
PACKETS = ["kernel/memory/packet.cpp", "tests/unit/packets.cpp"]
NETSTACK_WORLD = ["tests/unit/netstack/world.cpp", FAKE_CONSOLE, *PACKETS, LWIP,
                  *_all("netstack", *NETSTACK)]
DHCP_WORLD = ["tests/unit/netstack/dhcp_world.cpp", *NETSTACK_WORLD]
TCP_WORLD = [*_all("tests/unit/netstack", "held_stream", "tcp_peer", "tcp_server"),
             *NETSTACK_WORLD]
NEIGHBOURS = ["tests/unit/netstack/neighbours.cpp", *TCP_WORLD]
SEGMENTS = ["tests/unit/netstack/segments.cpp", *NEIGHBOURS]
CONGESTION = [
    "tests/unit/netstack/sender/bottleneck.cpp",
    *_all("netstack/sender/congestion",
          "bbr", "bbr_model", "bbr_states", "congestion", "cubic", "hystart")]
NARROW_LINK = ["tests/unit/netstack/narrow_link.cpp", *TCP_WORLD]
SCRIPTS = [*_all("tests/unit/netstack/sender", "packet_script", "packet_script_lines", "segment"),
           *NARROW_LINK]
DOWNLOADS = [*_all("tests/unit/netstack/sender", "download", "sack_peer", "segment"), *NARROW_LINK]
# Loss recovery under a congestion control that does as the test says.
RECOVERY = ["tests/unit/netstack/sender/fake_congestion.cpp",
            *_all("netstack/sender", "flight", "flight_marks", "rack", "recovery", "recovery_ack",
                  "recovery_no_sack", "recovery_send", "recovery_timers")]
VIRTIO_WORLD = ["tests/unit/drivers/virtio/world.cpp", RING_MEMORY, FAKE_CONSOLE, *PACKETS,
                *_all("drivers/virtio", "bring_up", "receive_queue", "ring", "text",
                      "transmit_queue")]
VMXNET3_WORLD = ["tests/unit/drivers/virtio/world.cpp", RING_MEMORY, FAKE_CONSOLE, *PACKETS,
                 *_all("drivers/vmxnet3", "buffer_ring", "receive_queue", "transmit_queue")]
E1000_WORLD = ["tests/unit/drivers/e1000/world.cpp", RING_MEMORY, *PACKETS,
               *_all("drivers/e1000", "receive_ring", "transmit_ring")]
HTTP_FAKES = _all("tests/unit/http", "fakes", "site")
HTTP_REPLY = ["tests/unit/http/fake_endpoints.cpp", *HTTP_FAKES,
              *_all("http/pack", "crc32", "site_pack"), *_all("http/request", "request", "target"),
              *_all("http/reply", "conditions", "date", "holding", "negotiation", "preface",
                    "ranges", "redirect", "reply", "reply_tail")]
REPLY_SITE = ["tests/unit/http/reply/reply_site.cpp", *HTTP_REPLY]
HTTP_SERVER = [*_all("http", *[name for name in HTTP if not name.startswith("operations/")]),
               "tests/unit/http/fake_endpoints.cpp"]
HTTP_WORLD = ["tests/fakes/fake_stream.cpp", *_all("tests/unit/http", "world", "responses"),
              *HTTP_FAKES, *HTTP_SERVER]
FAKE_ACPI = "tests/unit/kernel/fake_acpi.cpp"
FAKE_CLOCK = "tests/unit/kernel/fake_clock.cpp"
FAKE_PAGING = "tests/unit/kernel/fake_paging.cpp"
FAKE_INTERRUPTS = "tests/unit/kernel/fake_interrupts.cpp"
VIRTIO_REQUESTS = ["tests/unit/drivers/virtio/world.cpp", RING_MEMORY, FAKE_CLOCK,
                   *_all("drivers/virtio", "bring_up", "request_queue", "ring", "text")]
SCSI_BUS = ["drivers/virtio/scsi_bus.cpp", FAKE_CONSOLE, *VIRTIO_REQUESTS]
PCI_WORLD = [*_all("kernel/pci", "access", "pci"), FAKE_ACPI, FAKE_CONSOLE, FAKE_PAGING]
PCI_DEVICE = ["kernel/pci/interrupts.cpp", FAKE_INTERRUPTS, *PCI_WORLD]
LAST_RUN = ["kernel/faults/last_run.cpp", "tests/unit/kernel/faults/kept.cpp", FAKE_CLOCK,
            FAKE_CONSOLE]
PANIC = ["kernel/faults/panic.cpp", "tests/unit/kernel/faults/image.cpp", *LAST_RUN]
IDLE = ["firmware/idle.cpp", "tests/unit/firmware/idle_nics.cpp", FAKE_CLOCK, FAKE_CONSOLE,
        FAKE_INTERRUPTS]
SETTINGS = [*_all("firmware/settings", "interface_fields", "interface_rules", "parse", "settings"),
            "netstack/ip/routes.cpp"]
SETTINGS_DISK = [*_all("firmware/settings", "interface_draft", "interfaces_file", "meta_data",
                       "network_config", "network_data", "settings_disk", "settings_file",
                       "user_data"),
                 *_all("formats", *FORMATS), *SETTINGS, FAKE_CONSOLE]
CLOUD_INIT = ["tests/unit/firmware/settings/cloud_init_world.cpp", *SETTINGS_DISK]
NICS = ["firmware/nics.cpp", *_all("firmware/settings", "interface_fields", "interface_rules",
                                   "parse", "settings"),
        *_all("drivers", *DRIVERS),
        "kernel/memory/dma.cpp", *_all("kernel/platform", "entropy", "virtio_mmio"),
        "kernel/pci/hotplug.cpp", FAKE_CLOCK, *PACKETS, *PCI_DEVICE, LWIP,
        *_all("netstack", *NETSTACK)]
SERIAL_PORT = [*_all("drivers/virtio", "any_transport", "mmio_transport", "pci_transport",
                     "port_queues", "ring", "serial_port", "text"),
               "kernel/memory/dma.cpp", FAKE_CLOCK, *PCI_DEVICE]
AGENT_WORLD = [*_all("agent", *AGENT), *_all("formats", "json", "reader")]
VOLUME = _all("volumes", *VOLUMES)
VOLUME_IMAGES = "tests/unit/volumes/images.cpp"
FAKE_FIRMWARE = "tests/unit/boot/uefi/fake_firmware.cpp"
UNIT_TESTS = {
    **{f"boot/uefi/{name}": [] for name in (
        "block_reader", "device_path", "embedded_kernel", "load_options", "memory_map",
        "pe_sections")},
    "boot/uefi/firmware": ["boot/uefi/firmware.cpp", FAKE_FIRMWARE],
    "boot/uefi/machine_facts": [*_all("boot/uefi", "firmware", "machine_facts"), FAKE_FIRMWARE],
    "boot/uefi/pack_sources": [*_all("boot/uefi", "firmware", "pack_sources"), FAKE_FIRMWARE],
    "agent/agent": AGENT_WORLD,
    "agent/framer": AGENT_WORLD,
    "bench/long_line": [],
    "formats/json": _all("formats", "json", "reader"),
    "formats/reader": ["formats/reader.cpp"],
    "formats/toml": _all("formats", "reader", "toml"),
    "formats/yaml": _all("formats", "reader", "yaml", "yaml_text"),
    "formats/yaml_text": _all("formats", "reader", "yaml", "yaml_text"),
    "volumes/disk": ["volumes/disk.cpp"],
    "volumes/fat": [VOLUME_IMAGES, *VOLUME],
    "volumes/iso9660": [VOLUME_IMAGES, *VOLUME],
    "volumes/volume": [VOLUME_IMAGES, *VOLUME],
    "drivers/ahci/controller": ["kernel/memory/dma.cpp", FAKE_CLOCK, *PCI_WORLD,
                                *_all("drivers/ahci", "controller", "port")],
    "drivers/ahci/port": ["drivers/ahci/port.cpp", FAKE_CLOCK],
    "drivers/ata_commands": [],
    "drivers/ata_drive": [FAKE_CLOCK],
    "drivers/e1000/nic": E1000_WORLD,
    "drivers/e1000/nic_bring_up": E1000_WORLD,
    "drivers/e1000/pci_registers": ["drivers/e1000/pci_registers.cpp", *PCI_DEVICE],
    "drivers/e1000/receive_ring": E1000_WORLD,
    "drivers/e1000/transmit_ring": E1000_WORLD,
    "drivers/e1000/transmit_ring_segmentation": E1000_WORLD,
    "drivers/i6300esb/watchdog": ["drivers/i6300esb/watchdog.cpp", *PCI_WORLD],
    "drivers/ide/channel": ["drivers/ide/channel.cpp", FAKE_CLOCK],
    "drivers/ide/controller": [FAKE_CLOCK, *PCI_WORLD,
                               *_all("drivers/ide", "channel", "controller")],
    "drivers/mac_address": [],
    "drivers/refill_batch": [],
    "drivers/virtio/any_transport": SERIAL_PORT,
    "drivers/scsi_commands": [],
    "drivers/virtio/block": ["drivers/virtio/block.cpp", *VIRTIO_REQUESTS],
    "drivers/virtio/entropy_source": ["drivers/virtio/entropy_source.cpp", *VIRTIO_REQUESTS],
    "drivers/virtio/mmio_transport": VIRTIO_WORLD,
    "drivers/virtio/mmio_transport_mapped": [
        "drivers/virtio/mmio_transport.cpp", FAKE_CLOCK, FAKE_INTERRUPTS, FAKE_PAGING],
    "drivers/virtio/nic": VIRTIO_WORLD,
    "drivers/virtio/nic_bring_up": VIRTIO_WORLD,
    "drivers/virtio/nic_doze": VIRTIO_WORLD,
    "drivers/virtio/nic_faults": VIRTIO_WORLD,
    "drivers/virtio/pci_transport": [
        "drivers/virtio/pci_transport.cpp", FAKE_CLOCK, *PCI_DEVICE],
    "drivers/virtio/receive_queue": VIRTIO_WORLD,
    "drivers/virtio/request_device": [*PCI_DEVICE, *VIRTIO_REQUESTS, *_all(
        "drivers/virtio", "any_transport", "mmio_transport", "pci_transport", "request_device")],
    "drivers/virtio/request_queue": VIRTIO_REQUESTS,
    **{f"drivers/virtio/{name}": ["drivers/virtio/ring.cpp"]
       for name in ["ring", "ring_doorbells", "ring_requests"]},
    "drivers/virtio/scsi_bus": SCSI_BUS,
    "drivers/virtio/scsi_bus_faults": SCSI_BUS,
    "drivers/virtio/serial_port": SERIAL_PORT,
    "drivers/virtio/text": ["drivers/virtio/text.cpp"],
    "drivers/virtio/transmit_queue": VIRTIO_WORLD,
    "drivers/vmxnet3/nic": VMXNET3_WORLD,
    "drivers/vmxnet3/nic_faults": VMXNET3_WORLD,
    "drivers/vmxnet3/pci_registers": ["drivers/vmxnet3/pci_registers.cpp", *PCI_DEVICE],
    "drivers/vmxnet3/receive_queue": VMXNET3_WORLD,
    "drivers/vmxnet3/transmit_queue": VMXNET3_WORLD,
    "firmware/agent_service": [*SERIAL_PORT, *AGENT_WORLD],
    "firmware/idle": IDLE,
    "firmware/idle_restless": IDLE,
    "firmware/in_passing": ["kernel/memory/dma.cpp", FAKE_CLOCK, *PCI_WORLD],
    "firmware/nics": NICS,
    "firmware/plan": [],
    "firmware/pools": ["firmware/pools.cpp", FAKE_CONSOLE, FAKE_PAGING],
    "firmware/run_loop": [],
    "firmware/settings/interface_rules": [*SETTINGS, FAKE_CONSOLE],
    "firmware/settings/interfaces_file": CLOUD_INIT,
    "firmware/settings/meta_data": CLOUD_INIT,
    "firmware/settings/network_config": CLOUD_INIT,
    "firmware/settings/network_config_bad": CLOUD_INIT,
    "firmware/settings/network_config_v2": CLOUD_INIT,
    "firmware/settings/network_data": CLOUD_INIT,
    "firmware/settings/settings": [*SETTINGS, FAKE_CONSOLE],
    "firmware/settings/settings_disk": CLOUD_INIT,
    "firmware/settings/user_data": CLOUD_INIT,
    "firmware/shutdown": [FAKE_CONSOLE],
    "firmware/site": ["firmware/site.cpp", *_all("http/pack", "crc32", "site_pack"),
                      "tests/unit/http/site.cpp", FAKE_CONSOLE, FAKE_PAGING],
    "firmware/urls": [FAKE_CONSOLE],
    "firmware/watchdog": ["firmware/watchdog.cpp", "drivers/i6300esb/watchdog.cpp", *PCI_WORLD],
    "http/connection/connection": HTTP_WORLD,
    "http/connection/connection_again": HTTP_WORLD,
    "http/connection/connection_closing": HTTP_WORLD,
    "http/connection/connection_drain": HTTP_WORLD,
    "http/connection/connection_prompt": HTTP_WORLD,
    "http/connection/drain": HTTP_WORLD,
    "http/connection/server_crowd": HTTP_WORLD,
    "http/connection/server_stack": [
        "tests/unit/netstack/tcp_peer.cpp", "tests/unit/http/site.cpp", *HTTP_SERVER,
        *NETSTACK_WORLD],
    "http/connection/sources": ["http/connection/sources.cpp"],
    "http/operations/access_log": [
        "http/operations/access_log.cpp", "http/request/request.cpp", FAKE_CONSOLE],
    "http/operations/metrics": [
        "tests/unit/http/operations/metrics_world.cpp",
        *_all("http/operations", "endpoints", "metrics"),
        *_all("http/reply", "date", "holding", "preface", "reply_tail"), *PACKETS],
    "http/pack/site_pack": HTTP_REPLY,
    "http/reply/conditions": [
        *_all("http/reply", "conditions", "date"), "http/request/request.cpp"],
    "http/reply/holding": HTTP_WORLD,
    "http/reply/negotiation": ["http/reply/negotiation.cpp", "http/request/request.cpp"],
    "http/reply/preface": [*_all("http/reply", "preface", "date"), *HTTP_FAKES],
    "http/reply/ranges": [*_all("http/reply", "date", "holding", "ranges", "reply_tail"),
                          "http/request/request.cpp", *HTTP_FAKES],
    "http/reply/redirect": REPLY_SITE,
    "http/reply/reply": REPLY_SITE,
    "http/reply/reply_cache": ["http/reply/reply_cache.cpp", *REPLY_SITE],
    "http/reply/reply_patterns": HTTP_REPLY,
    "http/reply/reply_ranges": REPLY_SITE,
    "http/request/blocks": [],
    "http/request/content": ["http/request/content.cpp"],
    "http/request/request": _all("http/request", "request", "section_scanner", "target"),
    "http/request/request_framing": _all("http/request", "request", "section_scanner"),
    "http/request/section_scanner": _all("http/request", "request", "section_scanner"),
    "kernel/acpi/acpi": ["kernel/acpi/acpi.cpp"],
    "kernel/acpi/aml": [],
    "kernel/acpi/aml_power": [],
    "kernel/acpi/hotplug": [],
    "kernel/acpi/power_tables": [],
    "kernel/acpi/tables": [],
    "kernel/console/console": [*_all("kernel/console", "console", "framebuffer_text", "vga_text"),
                               FAKE_CLOCK, FAKE_PAGING],
    "kernel/console/framebuffer_text": ["kernel/console/framebuffer_text.cpp", FAKE_PAGING],
    "kernel/console/number_text": [],
    "kernel/console/uart": [],
    "kernel/console/vga_text": ["kernel/console/vga_text.cpp"],
    "kernel/cpu/addresses": [],
    "kernel/cpu/cpu": ["kernel/cpu/cpu.cpp"],
    "kernel/faults/backtrace": [],
    "kernel/faults/last_run": LAST_RUN,
    "kernel/faults/panic": PANIC,
    "kernel/faults/panic_words": PANIC,
    "kernel/faults/run_record": [],
    "kernel/faults/stack_guard": ["kernel/faults/stack_guard.cpp"],
    "kernel/faults/turn_limit": ["kernel/faults/turn_limit.cpp", FAKE_CLOCK, FAKE_CONSOLE,
                                 FAKE_INTERRUPTS],
    "kernel/interrupts/interrupts": [*_all("kernel/interrupts", "interrupts", "local_apic"),
                                     FAKE_ACPI, FAKE_CLOCK, FAKE_PAGING],
    "kernel/interrupts/io_apic": [FAKE_PAGING],
    "kernel/interrupts/legacy_pic": [],
    "kernel/interrupts/local_apic": [
        "kernel/interrupts/local_apic.cpp", FAKE_CLOCK, FAKE_PAGING],
    "kernel/memory/arena": [],
    "kernel/memory/dma": ["kernel/memory/dma.cpp"],
    "kernel/memory/memory": [],
    "kernel/memory/memory_map": [],
    "kernel/memory/mmio_window_list": [],
    "kernel/memory/packet": ["kernel/memory/packet.cpp"],
    "kernel/memory/page_table": ["kernel/memory/page_table.cpp"],
    "kernel/memory/paging": _all("kernel/memory", "page_table", "paging"),
    "kernel/pci/access": PCI_WORLD,
    "kernel/pci/config": [],
    "kernel/pci/hotplug": ["kernel/pci/hotplug.cpp", *PCI_WORLD],
    "kernel/pci/interrupts": PCI_DEVICE,
    "kernel/pci/pci": PCI_WORLD,
    "kernel/pci/scan": [],
    "kernel/pci/window": [],
    "kernel/platform/entropy": ["kernel/platform/entropy.cpp"],
    "kernel/platform/fw_cfg": ["kernel/platform/fw_cfg.cpp"],
    "kernel/platform/power": ["kernel/platform/power.cpp", FAKE_ACPI, FAKE_CLOCK, FAKE_CONSOLE,
                              FAKE_PAGING],
    "kernel/platform/reset": ["kernel/platform/reset.cpp", FAKE_ACPI, FAKE_CLOCK, FAKE_PAGING],
    "kernel/platform/siphash": [],
    "kernel/platform/smbios": ["kernel/platform/smbios.cpp"],
    "kernel/platform/virtio_mmio": ["kernel/platform/virtio_mmio.cpp", FAKE_ACPI, FAKE_CONSOLE],
    "kernel/time/calendar": [],
    "kernel/time/clock": [*_all("kernel/time", "clock", "reference_timer"), FAKE_ACPI],
    "kernel/time/cmos_clock": [],
    "kernel/time/frequency": [],
    "kernel/time/kvm_clock": [],
    "kernel/time/reference_timer": ["kernel/time/reference_timer.cpp"],
    "kernel/time/timeline": [],
    "kernel/time/wall_clock": ["kernel/time/wall_clock.cpp", FAKE_ACPI, FAKE_CLOCK],
    "kernel/time/wall_time": [],
    "netstack/dhcp/client": DHCP_WORLD,
    "netstack/dhcp/client_refusal": DHCP_WORLD,
    "netstack/dhcp/client_name": DHCP_WORLD,
    "netstack/dhcp/lease": DHCP_WORLD,
    "netstack/interface/address_conflict": DHCP_WORLD,
    "netstack/interface/address_conflict_static": NEIGHBOURS,
    "netstack/interface/attachment_addresses": NETSTACK_WORLD,
    "netstack/interface/claims": NEIGHBOURS,
    "netstack/interface/classifier": ["netstack/interface/classifier.cpp"],
    "netstack/interface/classifier_tags": ["netstack/interface/classifier.cpp"],
    "netstack/interface/neighbours": NEIGHBOURS,
    "netstack/interface/pressure": NEIGHBOURS,
    "netstack/interface/peers": NETSTACK_WORLD,
    "netstack/ip/icmp_errors": NEIGHBOURS,
    "netstack/ip/path_mtu": NARROW_LINK,
    "netstack/ip/path_mtu_cut": NARROW_LINK,
    "netstack/ip/routes": DHCP_WORLD,
    "netstack/ip/routes_set": DHCP_WORLD,
    "netstack/lwip/crowd": TCP_WORLD,
    "netstack/lwip/crowd_long": TCP_WORLD,
    "netstack/tcp/acceptance": NEIGHBOURS,
    "netstack/lwip/kills": TCP_WORLD,
    "netstack/lwip/noise": TCP_WORLD,
    "netstack/lwip/pools": NETSTACK_WORLD,
    "netstack/lwip/recovery": TCP_WORLD,
    "netstack/lwip/reply": TCP_WORLD,
    "netstack/lwip/segmentation": TCP_WORLD,
    "netstack/lwip/small": NARROW_LINK,
    "netstack/lwip/tcp": TCP_WORLD,
    "netstack/lwip/timers": TCP_WORLD,
    **{f"netstack/sender/{name}": RECOVERY
       for name in ["flight", "rack", "recovery", "recovery_lives", "recovery_no_sack",
                    "recovery_undo"]},
    **{f"netstack/sender/congestion/{name}": CONGESTION
       for name in ["bbr", "bbr_loss", "bbr_sharing", "congestion", "cubic"]},
    **{f"netstack/sender/{name}": [f"netstack/sender/{name}.cpp"]
       for name in ["block", "departures", "frame", "path_probe", "sack_option"]},
    "netstack/sender/queue": _all("netstack/sender", "block", "queue"),
    "netstack/sender/sender": TCP_WORLD,
    "netstack/sender/congestion/hystart": ["netstack/sender/congestion/hystart.cpp"],
    "netstack/sender/prr": [],
    "netstack/sender/rtt": [],
    "netstack/stack": NETSTACK_WORLD,
    **{f"netstack/sender/sender_{theme}": DOWNLOADS
       for theme in ["clients", "random_lives", "short_queue"]},
    **{f"netstack/sender/sender_{theme}_script": SCRIPTS for theme in [
        "dsack_undo", "ecn", "ending", "initial_window", "no_sack", "odd_acks", "pacing",
        "path_mtu", "rack", "sack_loss", "tail_loss", "timeout", "window"]},
    "netstack/tcp/connections": TCP_WORLD,
    "netstack/tcp/prompt_answer": [
        *_all("tests/unit/netstack", "narrow_link", "prompt_server", "tcp_peer"), *NETSTACK_WORLD],
    "netstack/tcp/stream_messages": TCP_WORLD,
    **{f"netstack/tcp/syn_cookies{aspect}": [
        "tests/unit/netstack/tcp/cookie_client.cpp", *SEGMENTS] for aspect in ["", "_strangers"]},
    "netstack/tcp/syn_cookies_flood": [
        "tests/unit/http/site.cpp", *HTTP_SERVER, *SEGMENTS],
    "netstack/tcp/syn_offer": ["netstack/tcp/syn_offer.cpp"],
    "netstack/tcp/stream": ["tests/unit/netstack/tcp_peer.cpp", *NETSTACK_WORLD],
    "netstack/wire/host_name": [],
}

# Programs that tests in Python start, tests/unit/NAME.cpp, in the same way.
UNIT_PROGRAMS = {"volumes/read_volume": VOLUME}

# Programs that the bench starts, each with all its sources.
BENCH_PROGRAMS = {"long_line": _all("tests/bench", "carrier", "long_line"),
                  "flood": _all("tests/siege", "flood", "forged")}

# Fuzzers, tests/fuzz/NAME_fuzzer.cpp, in the same way.
ORACLES = ["tests/fuzz/request_oracle.cpp", "tests/fuzz/content_oracle.cpp"]
FUZZ_PACK = ["tests/fuzz/guarded_pack.cpp", "tests/fuzz/pack.asm",
             *_all("http/pack", "crc32", "site_pack")]
HTTP_UNPACKED = [name for name in HTTP if not name.startswith("pack/")]
SERVED_MACHINE = [*_all("tests/fuzz", "fake_last_run", "served_machine"), *FUZZ_PACK,
                  *NETSTACK_WORLD,
                  *_all("http", *HTTP_UNPACKED)]
SPOILT_DEVICE = ["tests/fuzz/spoilt_device.cpp"]
FUZZERS = {
    "acpi": [],
    "agent": AGENT_WORLD,
    "connection": [
        "tests/fakes/fake_stream.cpp",
        *_all("tests/fuzz", "fake_last_run", "fake_stats", "http_run", "response_oracle"),
        "tests/unit/http/fakes.cpp", *PACKETS, *ORACLES, *FUZZ_PACK,
        *_all("http", *[name for name in HTTP_UNPACKED if name != "operations/access_log"])],
    "e1000": [*SPOILT_DEVICE, *E1000_WORLD],
    "json": _all("formats", "json", "reader", "yaml", "yaml_text"),
    "fat": [VOLUME_IMAGES, *VOLUME],
    "frames": SERVED_MACHINE,
    "iso9660": [VOLUME_IMAGES, *VOLUME],
    "life": ["tests/fuzz/life_client.cpp", *SERVED_MACHINE],
    "pack": [*FUZZ_PACK],
    "request": [*ORACLES, *_all("http/reply", "conditions", "date", "negotiation", "ranges"),
                *_all("http/request", "content", "request", "section_scanner", "target")],
    "settings": SETTINGS_DISK,
    "smbios": ["kernel/platform/smbios.cpp"],
    "toml": _all("formats", "reader", "toml"),
    "virtio": [*SPOILT_DEVICE, *VIRTIO_WORLD],
    "vmxnet3": [*SPOILT_DEVICE, *VMXNET3_WORLD],
    "yaml": _all("formats", "reader", "yaml", "yaml_text"),
}
