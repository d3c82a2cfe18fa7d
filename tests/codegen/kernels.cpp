// Emits every kernel of every target, as a program without -m flags gets them.
#include <faceio/kernels/dispatch.hpp>

extern const faceio::KernelTable* const all_tables[];
const faceio::KernelTable* const all_tables[] = {
    faceio::table_for(faceio::Target::avx2),
    faceio::table_for(faceio::Target::avx512),
};

extern const faceio::Int8KernelTable* const all_int8_tables[];
const faceio::Int8KernelTable* const all_int8_tables[] = {
    faceio::table_for(faceio::Int8Target::avx2),
    faceio::table_for(faceio::Int8Target::avxvnni),
    faceio::table_for(faceio::Int8Target::avx512vnni),
};
