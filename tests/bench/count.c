// A QEMU TCG plugin that counts how often each translated block of the guest ran, in a file that
// others may read meanwhile (QEMU 7.2, docs/devel/tcg-plugins.rst). Debian ships no plugin header,
// so this declares the parts it uses of the interface, version 1.
//
//   -plugin count.so,out=FILE[,from=ADDRESS,to=ADDRESS]
//
// FILE: the number of blocks, and the bytes that the guest has loaded from addresses between `from`
// and `to` (64 bits each; the second is 0 without these options); then each block's address,
// instructions and runs (64 bits each). QEMU counts each step of a REP string as one instruction,
// and as one load.
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t PluginId;
typedef uint32_t MemoryInfo;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
typedef void (*TranslationCallback)(PluginId, struct qemu_plugin_tb*);
typedef void (*MemoryCallback)(unsigned cpu, MemoryInfo info, uint64_t address, void* data);
enum { kAdd = 0 };     // QEMU_PLUGIN_INLINE_ADD_U64
enum { kNoRegs = 0 };  // QEMU_PLUGIN_CB_NO_REGS
enum { kLoads = 1 };   // QEMU_PLUGIN_MEM_R

void qemu_plugin_register_vcpu_tb_trans_cb(PluginId id, TranslationCallback callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int operation,
                                              void* counter, uint64_t operand);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn* instruction, MemoryCallback callback,
                                      int flags, int which, void* data);
unsigned qemu_plugin_mem_size_shift(MemoryInfo info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb, size_t index);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kBlocks = 1 << 17 };  // a power of two; a run of Mote has some 20,000

struct Block {
  uint64_t address;
  uint64_t instructions;
  uint64_t runs;
};

struct Table {
  uint64_t blocks;
  uint64_t loaded_bytes;
  struct Block block[kBlocks];
};

static struct Table* table;
static uint64_t watched_from;
static uint64_t watched_to;

// A block translated again keeps its entry. Entries are found by their hash, with linear probing;
// the first entry takes blocks that find no place.
static struct Block* entry_of(uint64_t address, uint64_t instructions) {
  const uint64_t hash = (address * 0x9E3779B97F4A7C15u + instructions) >> 40;
  for (uint64_t probe = 0; probe < 1024; ++probe) {
    struct Block* block = &table->block[1 + (hash + probe) % (kBlocks - 1)];
    if (block->instructions == 0) {
      block->address = address;
      block->instructions = instructions;
      return block;
    }
    if (block->address == address && block->instructions == instructions) {
      return block;
    }
  }
  return &table->block[0];
}

static void loaded(unsigned cpu, MemoryInfo info, uint64_t address, void* data) {
  (void)cpu;
  (void)data;
  if (address >= watched_from && address < watched_to) {
    table->loaded_bytes += 1u << qemu_plugin_mem_size_shift(info);
  }
}

static void translated(PluginId id, struct qemu_plugin_tb* tb) {
  (void)id;
  const size_t instructions = qemu_plugin_tb_n_insns(tb);
  struct Block* block = entry_of(qemu_plugin_tb_vaddr(tb), instructions);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, kAdd, &block->runs, 1);
  for (size_t at = 0; watched_to != 0 && at < instructions; ++at) {
    struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(tb, at);
    qemu_plugin_register_vcpu_mem_cb(instruction, loaded, kNoRegs, kLoads, NULL);
  }
}

static bool make_table(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || ftruncate(file, sizeof(struct Table)) != 0) {
    perror(path);
    return false;
  }
  table = mmap(NULL, sizeof(struct Table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (table == MAP_FAILED) {
    perror("mmap");
    return false;
  }
  table->blocks = kBlocks;
  return true;
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id,
                                                               const struct qemu_info_t* info,
                                                               int count, char** arguments) {
  (void)info;
  const char* path = NULL;
  for (int at = 0; at < count; ++at) {
    if (strncmp(arguments[at], "out=", 4) == 0) {
      path = arguments[at] + 4;
    } else if (strncmp(arguments[at], "from=", 5) == 0) {
      watched_from = strtoull(arguments[at] + 5, NULL, 0);
    } else if (strncmp(arguments[at], "to=", 3) == 0) {
      watched_to = strtoull(arguments[at] + 3, NULL, 0);
    } else {
      fprintf(stderr, "count.so: %s: unknown\n", arguments[at]);
      return 1;
    }
  }
  if (path == NULL) {
    fprintf(stderr, "count.so: give it out=FILE\n");
    return 1;
  }
  if (!make_table(path)) {
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
