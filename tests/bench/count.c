// A QEMU TCG plugin that counts how often each translated block of the guest ran, in a file that
// others may read while it runs (QEMU 7.2, docs/devel/tcg-plugins.rst). Debian ships no header for
// plugins, so what is used of their interface, version 1, is declared here.
//
//   -plugin count.so,out=FILE
//
// FILE: a count of blocks (64 bits), then for each its address, its instructions and its runs (64
// bits each). QEMU counts each step of a REP string as one instruction.
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t PluginId;
struct qemu_plugin_tb;
struct qemu_info_t;
typedef void (*TranslationCallback)(PluginId, struct qemu_plugin_tb*);
enum { kAdd = 0 };  // QEMU_PLUGIN_INLINE_ADD_U64

void qemu_plugin_register_vcpu_tb_trans_cb(PluginId id, TranslationCallback callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int operation,
                                              void* counter, uint64_t operand);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { kBlocks = 1 << 17 };  // a power of two; the firmware has some 20,000

struct Block {
  uint64_t address;
  uint64_t instructions;
  uint64_t runs;
};

struct Table {
  uint64_t blocks;
  struct Block block[kBlocks];
};

static struct Table* table;

// The same block may be translated again: it keeps its entry. Entries are found by their hash, and
// those behind it; the first is for what finds no place.
static struct Block* entry_of(uint64_t address, uint64_t instructions) {
  const uint64_t hash = (address * 0x9E3779B97F4A7C15u + instructions) >> 40;
  for (uint64_t probe = 0; probe < 64; ++probe) {
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

static void translated(PluginId id, struct qemu_plugin_tb* tb) {
  (void)id;
  struct Block* block = entry_of(qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb));
  qemu_plugin_register_vcpu_tb_exec_inline(tb, kAdd, &block->runs, 1);
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id,
                                                               const struct qemu_info_t* info,
                                                               int count, char** arguments) {
  (void)info;
  if (count != 1 || strncmp(arguments[0], "out=", 4) != 0) {
    fprintf(stderr, "count.so: give it out=FILE\n");
    return 1;
  }
  const int file = open(arguments[0] + 4, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || ftruncate(file, sizeof(struct Table)) != 0) {
    perror(arguments[0] + 4);
    return 1;
  }
  table = mmap(NULL, sizeof(struct Table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (table == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  table->blocks = kBlocks;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
