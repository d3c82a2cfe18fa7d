// Files read whole, up to a limit, and their names on Windows.
#include <faceio/files/read_file.hpp>

#include "host/host_support.hpp"

using namespace host_support;

TEST_CASE("files of many sizes are read whole") {
  const TemporaryFolder folder;
  for (const size_t count :
       {size_t{1}, size_t{65535}, size_t{65536}, size_t{65537}, size_t{131073}, size_t{1000000}}) {
    Bytes bytes(count);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
    const std::string path = folder.write("bytes", bytes);
    Bytes read;
    std::string error;
    REQUIRE(faceio::files::read_file(path, SIZE_MAX, read, error));
    CHECK(read == bytes);
    REQUIRE(faceio::files::read_file(path, count, read, error));
    CHECK(read == bytes);
    CHECK_FALSE(faceio::files::read_file(path, count - 1, read, error));
  }
}

#if defined(_WIN32)
TEST_CASE("UTF-8 becomes UTF-16") {
  using faceio::files::detail::utf16;
  CHECK(utf16("a\x7F").compare(L"a\x7F") == 0);
  // First and last character of each length, and those beside the surrogates.
  CHECK(utf16("\xC2\x80\xDF\xBF").compare(L"\x80\x7FF") == 0);
  CHECK(utf16("\xE0\xA0\x80\xEF\xBF\xBF").compare(L"\x800\xFFFF") == 0);
  CHECK(utf16("\xED\x9F\xBF\xEE\x80\x80").compare(L"\xD7FF\xE000") == 0);
  CHECK(utf16("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF").compare(L"\xD800\xDC00\xDBFF\xDFFF") == 0);
  // No UTF-8: every byte by itself.
  for (const char* bad : {"\x80", "\xC0", "\xF5", "\xFF", "\xC3"}) CHECK(utf16(bad).compare(L"\xFFFD") == 0);
  CHECK(utf16("\xC1\xBF").compare(L"\xFFFD\xFFFD") == 0);                          // longer than needed
  CHECK(utf16("\xE0\x9F\xBF").compare(L"\xFFFD\xFFFD\xFFFD") == 0);               // the same
  CHECK(utf16("\xED\xA0\x80").compare(L"\xFFFD\xFFFD\xFFFD") == 0);               // half of a pair
  CHECK(utf16("\xF4\x90\x80\x80").compare(L"\xFFFD\xFFFD\xFFFD\xFFFD") == 0);    // behind the last
  CHECK(utf16("\xE9\xA1z").compare(L"\xFFFD\xFFFDz") == 0);                        // cut short
}
#endif
