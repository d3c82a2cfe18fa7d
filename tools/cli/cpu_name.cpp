#include "cpu_name.hpp"

#include <faceio/simd/target.hpp>

#include <fstream>

namespace cli {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

#if FACEIO_X86
std::string brand_string() {
  constexpr uint32_t kFirst = 0x80000002u;
  constexpr uint32_t kLast = 0x80000004u;
  if (faceio::detail::cpuid(0x80000000u, 0).eax < kLast) return {};
  std::string text;
  for (uint32_t leaf = kFirst; leaf <= kLast; ++leaf) {
    const faceio::detail::CpuidRegisters r = faceio::detail::cpuid(leaf, 0);
    for (const uint32_t word : {r.eax, r.ebx, r.ecx, r.edx}) {
      for (int shift = 0; shift < 32; shift += 8) {
        const char c = static_cast<char>(word >> shift & 0xFFu);
        if (c != '\0') text += c;
      }
    }
  }
  return trimmed(text);
}
#else
std::string brand_string() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    for (const char* key : {"model name", "Hardware", "CPU part"}) {
      const size_t colon = line.find(':');
      if (line.compare(0, std::char_traits<char>::length(key), key) == 0 &&
          colon != std::string::npos) {
        return trimmed(line.substr(colon + 1));
      }
    }
  }
  return {};
}
#endif

}  // namespace

std::string cpu_name() {
  const std::string name = brand_string();
  return name.empty() ? "unknown" : name;
}

}  // namespace cli
