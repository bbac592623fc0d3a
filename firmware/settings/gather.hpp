// Gathers the settings from all their sources, once, when the machine boots.
#pragma once

#include "firmware/settings/settings.hpp"
#include "http/pack/site_pack.hpp"
#include "kernel/boot_info.hpp"

namespace mote {

// Applies all sources to `settings`, each over those before it: the site pack (null: there
// is none), SMBIOS, fw_cfg, a settings disk, the command line. Call after the buses were scanned;
// memory comes from kernel/memory/dma.hpp and is given back. False: a device couldn't be stopped,
// so that memory must never be used again.
[[nodiscard]] bool gather_settings(const BootInfo& info, const http::SitePack* site,
                                   Settings& settings);

}  // namespace mote
