#include "kernel_tables.hpp"

#include <cstdio>
#include <faceio/kernels/targets.hpp>

namespace test {

const std::vector<const faceio::KernelTable*>& runnable_tables() {
  static const std::vector<const faceio::KernelTable*> tables = [] {
    std::vector<const faceio::KernelTable*> found;
    for (int i = 0; i < faceio::kTargetCount; ++i) {
      const auto target = static_cast<faceio::Target>(i);
      const faceio::KernelTable* table = faceio::table_for(target);
      if (table == nullptr || !faceio::cpu_supports(target)) {
        std::printf("target %s: SKIPPED (%s)\n", faceio::name(target),
                    table == nullptr ? "not in this build" : "this CPU cannot run it");
        continue;
      }
      found.push_back(table);
    }
    return found;
  }();
  return tables;
}

}  // namespace test
