#include "process.hpp"

#if defined(_WIN32)

#include <io.h>
#include <windows.h>
// behind windows.h, which it needs
#include <shellapi.h>

namespace cli {
namespace {

std::string utf8(const std::wstring& wide) {
  const auto length = static_cast<int>(wide.size());
  if (length == 0) return {};
  const int bytes = WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, nullptr, 0, nullptr, nullptr);
  std::string text(static_cast<size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, text.data(), bytes, nullptr, nullptr);
  return text;
}

}  // namespace

// main() gets arguments in the code page of the system, which holds few of the names that files have.
std::vector<std::string> command_line(int argc, char** argv) {
  int count = 0;
  wchar_t** const wide = CommandLineToArgvW(GetCommandLineW(), &count);
  if (wide == nullptr) return {argv + (argc > 0), argv + argc};
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) arguments.push_back(utf8(wide[i]));
  LocalFree(wide);
  return arguments;
}

std::optional<std::string> environment(const char* name) {
  const wchar_t* const value = _wgetenv(std::wstring(name, name + std::char_traits<char>::length(name)).c_str());
  if (value == nullptr) return std::nullopt;
  return utf8(value);
}

std::string program_path() {
  std::wstring path(32768, L'\0');
  path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return utf8(path);
}

bool stderr_is_terminal() {
  constexpr int kStderr = 2;
  return _isatty(kStderr) != 0;
}

void print_utf8() { SetConsoleOutputCP(CP_UTF8); }

}  // namespace cli

#else

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace cli {

std::vector<std::string> command_line(int argc, char** argv) { return {argv + (argc > 0), argv + argc}; }

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

std::string program_path() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? std::string() : path.string();
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

void print_utf8() {}

}  // namespace cli

#endif
