// A plugin for qemu: counts the instructions executed in regions of interest.
//
//   g++ -O2 -shared -fPIC insn_roi.cpp -o insn_roi.so
//   qemu-aarch64 -plugin ./insn_roi.so,out=counts.txt program
//
// A region begins with `hint #0x60` and ends with `hint #0x61`, of A64 or of Thumb, which
// do nothing on processors. Each that was executed in it becomes a line
// "region address count instruction", addresses in hexadecimal, regions from 0.
//
// Counts are exact and the same in every run; of time, an emulator says nothing.
// Debian has no qemu-plugin.h: what is used of the interface, version 1, is
// declared here.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*Callback)(unsigned vcpu, void* data);
size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb*, size_t);
uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn*);
const void* qemu_plugin_insn_data(const qemu_plugin_insn*);
size_t qemu_plugin_insn_size(const qemu_plugin_insn*);
char* qemu_plugin_insn_disas(const qemu_plugin_insn*);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*)(uint64_t id, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn*, Callback, int flags, void*);
// Operation 0 adds `value` to the 64 bits at `to`.
void qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_insn*, int operation, void* to,
                                                uint64_t value);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void* info, int argc, char** argv);
}

namespace {

constexpr uint32_t kBegins[] = {0xd5032c1f, 0x8060f3af};  // hint #0x60
constexpr uint32_t kEnds[] = {0xd5032c3f, 0x8061f3af};    // hint #0x61

struct Instruction {
  uint64_t count = 0;  // since the region began
  std::string text;
};

std::map<uint64_t, Instruction> instructions;  // by address
FILE* out;
int region = -1;

void begin(unsigned, void*) {
  ++region;
  for (auto& [address, instruction] : instructions) instruction.count = 0;
}

void end(unsigned, void*) {
  for (auto& [address, instruction] : instructions)
    if (instruction.count)
      fprintf(out, "%d %" PRIx64 " %" PRIu64 " %s\n", region, address, instruction.count,
              instruction.text.c_str());
  fflush(out);
}

void translate(uint64_t, qemu_plugin_tb* block) {
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(block, i);
    uint32_t code = 0;
    if (qemu_plugin_insn_size(insn) == sizeof code)
      memcpy(&code, qemu_plugin_insn_data(insn), sizeof code);
    const bool begins = code == kBegins[0] || code == kBegins[1];
    if (begins || code == kEnds[0] || code == kEnds[1]) {
      qemu_plugin_register_vcpu_insn_exec_cb(insn, begins ? begin : end, 0, nullptr);
      continue;
    }
    // A block may be translated again: its instructions keep their counters.
    Instruction& instruction = instructions[qemu_plugin_insn_vaddr(insn)];
    if (instruction.text.empty()) {
      char* text = qemu_plugin_insn_disas(insn);
      instruction.text = text ? text : "?";
      free(text);
    }
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, &instruction.count, 1);
  }
}

}  // namespace

int qemu_plugin_install(uint64_t id, const void*, int argc, char** argv) {
  if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w"))) {
    fprintf(stderr, "insn_roi: expected out=FILE, a file to write to\n");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
  return 0;
}
