// A blob inside a program: FACEIO_INCBIN, of gcc and clang for ELF. Others take the array that tools/embed_blob.py writes.
#ifndef FACEIO_WEIGHTS_EMBED_HPP
#define FACEIO_WEIGHTS_EMBED_HPP

#include "../core/memory.hpp"

#if defined(__ELF__)

/// Puts the bytes of a file into a section of this program, 64-byte aligned, in place; once per symbol, at global
/// scope. `path` is as for the assembler's .incbin: absolute, or found by -I. The linker script decides where `section`
/// lies.
///
///     FACEIO_INCBIN(detector_weights, "retinaface_mnet025.fiow", ".weights")
///     ... faceio::Blob::open(FACEIO_EMBEDDED(detector_weights))
#define FACEIO_INCBIN(symbol, path, section)            \
  __asm__(".pushsection " section ",\"a\"\n"            \
          ".balign 64\n"                                \
          ".globl " #symbol "\n" #symbol ":\n"          \
          ".incbin \"" path "\"\n"                      \
          ".globl " #symbol "_end\n" #symbol "_end:\n"  \
          ".popsection\n");                             \
  extern "C" const uint8_t symbol[];                    \
  extern "C" const uint8_t symbol##_end[]

/// The Span of those bytes.
#define FACEIO_EMBEDDED(symbol) \
  (::faceio::Span<const uint8_t>(symbol, static_cast<size_t>(symbol##_end - symbol)))

#endif

#endif  // FACEIO_WEIGHTS_EMBED_HPP
