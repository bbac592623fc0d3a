"""What Mote is made of: the explicit list of its sources, and of what its tests are made of.

A source that is not named here is not built.
"""

# Firmware, floor by floor.
KERNEL = ["acpi", "clock", "console", "cpu", "dma", "entropy", "fw_cfg", "interrupts",
          "local_apic", "memory", "packet", "page_table", "paging", "panic", "pci", "pci_access",
          "pci_interrupts", "reference_timer", "reset", "runtime", "stack_guard",
          "vga_text", "virtio_mmio", "wall_clock"]
DRIVERS = ["e1000/net", "e1000/pci_registers", "e1000/receive_ring", "e1000/transmit_ring",
           "virtio/mmio_net", "virtio/mmio_transport", "virtio/net", "virtio/pci_transport",
           "virtio/receive_queue", "virtio/ring", "virtio/text", "virtio/transmit_queue",
           "vmxnet3/buffer_ring", "vmxnet3/nic", "vmxnet3/pci_registers",
           "vmxnet3/receive_queue", "vmxnet3/transmit_queue"]
NETSTACK = ["attachment", "attachment_lines", "dhcp_client", "dhcp_message", "fast_path", "heap",
            "icmp_errors", "lease", "lwip_pools", "lwip_port", "path_mtu", "prompt_answer",
            "receive", "routes", "stats", "transmit"]
HTTP = ["access_log", "conditions", "connection", "connection_input", "connection_prompt",
        "content", "crc32", "date", "endpoints", "holding", "metrics", "negotiation", "preface",
        "ranges", "redirect", "reply", "reply_cache", "reply_tail", "reply_writer", "request",
        "request_buffer", "section_scanner", "server", "site_pack", "target"]
FIRMWARE = ["idle", "main", "nics", "parse", "pools", "settings", "site"]

# What runs for each frame, segment, request or byte of a site: made fast. All else is made small.
HOT = ["kernel/clock", "kernel/packet", "drivers/e1000/net", "drivers/virtio/mmio_net",
       "drivers/virtio/net", "drivers/vmxnet3/nic",
       "drivers/e1000/receive_ring", "drivers/e1000/transmit_ring",
       "drivers/virtio/receive_queue", "drivers/virtio/ring", "drivers/virtio/transmit_queue",
       "drivers/vmxnet3/buffer_ring", "drivers/vmxnet3/receive_queue",
       "drivers/vmxnet3/transmit_queue",
       "netstack/attachment", "netstack/fast_path", "netstack/heap", "netstack/lwip_pools",
       "netstack/lwip_port", "netstack/prompt_answer", "netstack/receive", "netstack/transmit",
       "http/conditions", "http/connection", "http/connection_input", "http/connection_prompt",
       "http/crc32", "http/negotiation", "http/preface", "http/reply", "http/reply_cache",
       "http/reply_writer", "http/request", "http/section_scanner", "http/server", "http/site_pack",
       "http/target", "firmware/idle", "firmware/nics",
       *[f"lwip/src/core/{name}" for name in (
           "def", "inet_chksum", "ip", "mem", "netif", "pbuf", "tcp", "tcp_in", "tcp_out",
           "timeouts", "ipv4/etharp", "ipv4/ip4", "ipv4/ip4_addr")],
       "lwip/src/netif/ethernet"]
APART = ["kernel/memory"]

# Without the stack protector, which would cost more than 2 % of an echo reply, a connection or a
# 404: what these have on the stack is of a fixed size, and no length from outside reaches it.
UNGUARDED = ["http/section_scanner", "kernel/entropy", "netstack/fast_path",
             "netstack/prompt_answer"]

# NASM: what is linked into the kernel, and the flat loader in front of it on a BIOS disk.
BOOT = ["boot/pvh.asm", "boot/long_mode.asm", "boot/traps.asm"]
LOADER = "boot/loader.asm"

# All that makes site packs: a change in it makes them anew.
PACKER = [f"tools/{name}.py" for name in (
    "addresses", "compress", "config", "config_document", "config_values", "contents", "errors",
    "field_sets", "files", "fingerprints", "http_config", "media_types", "messages", "pack",
    "pack_format", "pack_writer", "policy", "redirects", "settings", "setup", "site_plan",
    "site_tree", "terminal")] + ["tools/mime.types"]

# Unit test programs, tests/unit/NAME_test.cpp, each with what it tests and the fakes below it.
# LWIP stands for all of lwIP.
LWIP = "lwip"
FAKE_CONSOLE = "tests/unit/fake_console.cpp"
PACKETS = ["kernel/packet.cpp", "tests/unit/packets.cpp"]
NETSTACK_WORLD = ["tests/unit/netstack_world.cpp", FAKE_CONSOLE, *PACKETS, LWIP,
                  *[f"netstack/{name}.cpp" for name in NETSTACK]]
DHCP_WORLD = ["tests/unit/dhcp_world.cpp", *NETSTACK_WORLD]
VIRTIO_WORLD = ["tests/unit/virtio_world.cpp", FAKE_CONSOLE, *PACKETS,
                *[f"drivers/virtio/{name}.cpp" for name in
                  ["receive_queue", "ring", "text", "transmit_queue"]]]
VMXNET3_WORLD = ["tests/unit/virtio_world.cpp", FAKE_CONSOLE, *PACKETS,
                 *[f"drivers/vmxnet3/{name}.cpp" for name in
                   ["buffer_ring", "receive_queue", "transmit_queue"]]]
E1000_WORLD = ["tests/unit/e1000_world.cpp", *PACKETS,
               "drivers/e1000/receive_ring.cpp", "drivers/e1000/transmit_ring.cpp"]
HTTP_FAKES = ["tests/unit/http_fakes.cpp", "tests/unit/http_site.cpp"]
HTTP_REPLY = ["tests/unit/fake_endpoints.cpp", *HTTP_FAKES, *[f"http/{name}.cpp" for name in
              ["conditions", "crc32", "date", "holding", "negotiation", "preface", "ranges",
               "redirect", "reply", "reply_tail", "request", "site_pack", "target"]]]
HTTP_WORLD = ["tests/unit/http_world.cpp", "tests/unit/http_responses.cpp",
              "tests/unit/fake_endpoints.cpp", *HTTP_FAKES,
              *[f"http/{name}.cpp" for name in HTTP
                if name not in ("access_log", "endpoints", "metrics")]]
HTTP_STACK = ["tests/unit/tcp_peer.cpp", "tests/unit/fake_endpoints.cpp",
              "tests/unit/http_site.cpp", *NETSTACK_WORLD,
              *[f"http/{name}.cpp" for name in HTTP
                if name not in ("access_log", "endpoints", "metrics")]]
UNIT_TESTS = {
    "access_log": ["http/access_log.cpp", "http/request.cpp", FAKE_CONSOLE],
    "e1000_bring_up": E1000_WORLD,
    "e1000_ring": E1000_WORLD,
    "e1000_segmentation": E1000_WORLD,
    "fast_path": ["netstack/fast_path.cpp"],
    "fast_path_tags": ["netstack/fast_path.cpp"],
    "http_again": HTTP_WORLD,
    "http_blocks": [],
    "http_cache": ["tests/unit/reply_site.cpp", "http/reply_cache.cpp", *HTTP_REPLY],
    "http_closing": HTTP_WORLD,
    "http_conditions": ["http/conditions.cpp", "http/date.cpp", "http/request.cpp"],
    "http_connection": HTTP_WORLD,
    "http_content": ["http/content.cpp"],
    "http_crowd": HTTP_WORLD,
    "http_drain": HTTP_WORLD,
    "http_framing": ["http/request.cpp", "http/section_scanner.cpp"],
    "http_holding": HTTP_WORLD,
    "http_negotiation": ["http/negotiation.cpp", "http/request.cpp"],
    "http_pack": HTTP_REPLY,
    "http_patterns": HTTP_REPLY,
    "http_preface": ["http/preface.cpp", "http/date.cpp", *HTTP_FAKES],
    "http_prompt": HTTP_WORLD,
    "http_ranges": ["http/date.cpp", "http/holding.cpp", "http/ranges.cpp", "http/reply_tail.cpp",
                    "http/request.cpp", *HTTP_FAKES],
    "http_redirect": ["tests/unit/reply_site.cpp", *HTTP_REPLY],
    "http_reply": ["tests/unit/reply_site.cpp", *HTTP_REPLY],
    "http_reply_ranges": ["tests/unit/reply_site.cpp", *HTTP_REPLY],
    "http_request": ["http/request.cpp", "http/section_scanner.cpp", "http/target.cpp"],
    "http_scanner": ["http/request.cpp", "http/section_scanner.cpp"],
    "http_stack": HTTP_STACK,
    "kernel": [],
    "kernel_acpi": [],
    "kernel_aml": [],
    "kernel_arena": [],
    "kernel_paging": ["kernel/page_table.cpp"],
    "kernel_pci": [],
    "kernel_uart": [],
    "kernel_windows": [],
    "metrics": ["http/date.cpp", "http/endpoints.cpp", "http/metrics.cpp", "http/preface.cpp",
                "http/holding.cpp", "http/reply_tail.cpp", *PACKETS],
    "netstack": NETSTACK_WORLD,
    "netstack_addresses": NETSTACK_WORLD,
    "netstack_crowd": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_dhcp": DHCP_WORLD,
    "netstack_forged": ["tests/unit/neighbours.cpp", "tests/unit/tcp_peer.cpp",
                        "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_icmp": ["tests/unit/neighbours.cpp", "tests/unit/tcp_peer.cpp",
                      "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_kills": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_lease": DHCP_WORLD,
    "netstack_long_crowd": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_neighbours": ["tests/unit/neighbours.cpp", "tests/unit/tcp_peer.cpp",
                            "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_noise": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_path_mtu": [
        "tests/unit/narrow_link.cpp", "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp",
        *NETSTACK_WORLD],
    "netstack_path_mtu_cut": [
        "tests/unit/narrow_link.cpp", "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp",
        *NETSTACK_WORLD],
    "netstack_peers": NETSTACK_WORLD,
    "netstack_pieces": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_prompt": [
        "tests/unit/narrow_link.cpp", "tests/unit/prompt_server.cpp", "tests/unit/tcp_peer.cpp",
        *NETSTACK_WORLD],
    "netstack_recovery": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_refusal": DHCP_WORLD,
    "netstack_routes": DHCP_WORLD,
    "netstack_segmentation": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_small": [
        "tests/unit/narrow_link.cpp", "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp",
        *NETSTACK_WORLD],
    "netstack_tcp": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_reply": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_table": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_timers": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "settings": ["firmware/parse.cpp", "firmware/settings.cpp", FAKE_CONSOLE],
    "virtio_doze": VIRTIO_WORLD,
    "virtio_large_receive": VIRTIO_WORLD,
    "virtio_mmio": VIRTIO_WORLD,
    "virtio_net": VIRTIO_WORLD,
    "virtio_net_faults": VIRTIO_WORLD,
    "virtio_segmentation": VIRTIO_WORLD,
    "virtio_ring": ["drivers/virtio/ring.cpp"],
    "vmxnet3": VMXNET3_WORLD,
    "vmxnet3_faults": VMXNET3_WORLD,
    "vmxnet3_segmentation": VMXNET3_WORLD,
    "wall_clock": [],
}

# Fuzzers, tests/fuzz/NAME_fuzzer.cpp, in the same way.
ORACLES = ["tests/fuzz/request_oracle.cpp", "tests/fuzz/content_oracle.cpp"]
FUZZ_PACK = ["tests/fuzz/guarded_pack.cpp", "tests/fuzz/pack.asm", "http/crc32.cpp",
             "http/site_pack.cpp"]
FUZZERS = {
    "connection": ["tests/fuzz/fake_stats.cpp", "tests/fuzz/fake_tcp.cpp",
                   "tests/fuzz/response_oracle.cpp", "tests/unit/http_fakes.cpp",
                   *PACKETS, *ORACLES, *FUZZ_PACK,
                   *[f"http/{name}.cpp" for name in HTTP
                     if name not in ("access_log", "crc32", "site_pack")]],
    "life": ["tests/fuzz/life_client.cpp", *FUZZ_PACK, *NETSTACK_WORLD,
             *[f"http/{name}.cpp" for name in HTTP if name not in ("crc32", "site_pack")]],
    "pack": [*FUZZ_PACK],
    "request": [*ORACLES, *[f"http/{name}.cpp" for name in
                ["conditions", "content", "date", "negotiation", "ranges", "request",
                 "section_scanner", "target"]]],
}
