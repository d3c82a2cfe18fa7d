// The time of each step of a network as programs run it, depth-first: every kernel of the table is
// wrapped in a stopwatch. Prints one line a step beside the peak rate of multiply-adds.
#ifndef FACEIO_BENCHMARKS_STEP_TIMES_HPP
#define FACEIO_BENCHMARKS_STEP_TIMES_HPP

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <faceio/faceio.hpp>
#include <map>
#include <string>
#include <vector>

namespace step_times {

using Clock = std::chrono::steady_clock;

struct Record {
  double sum_us = 0.0;
  int calls = 0;
};

/// Of the run in progress, by the address of the arguments: each step has its own. The arguments of
/// u8_to_f32 are made for every row, so they all count under null.
inline std::map<const void*, Record> records;
inline const faceio::KernelTable* timed_kernels = nullptr;

inline const void* key_of(const faceio::UnpackArgs&) {
  return nullptr;
}
template <class Args>
const void* key_of(const Args& args) {
  return &args;
}

#define FACEIO_ROW_KERNEL(name, Args)                                                            \
  inline void timed_##name(const faceio::Args& a, int32_t row_begin, int32_t row_end) noexcept { \
    const auto begin = Clock::now();                                                             \
    timed_kernels->name(a, row_begin, row_end);                                                  \
    Record& record = records[key_of(a)];                                                         \
    record.sum_us += std::chrono::duration<double, std::micro>(Clock::now() - begin).count();    \
    ++record.calls;                                                                              \
  }
#define FACEIO_KERNEL(name, Args)
#include <faceio/kernels/kernels.def>
#undef FACEIO_ROW_KERNEL
#undef FACEIO_KERNEL

/// The table with every row kernel timed.
inline faceio::KernelTable wrap(const faceio::KernelTable& kernels) {
  timed_kernels = &kernels;
  faceio::KernelTable table = kernels;
#define FACEIO_ROW_KERNEL(name, Args) table.name = timed_##name;
#define FACEIO_KERNEL(name, Args)
#include <faceio/kernels/kernels.def>
#undef FACEIO_ROW_KERNEL
#undef FACEIO_KERNEL
  return table;
}

/// 10^9 multiply-adds a second, the best of some runs of about 10 ms.
inline double peak_gmac_s(const faceio::KernelTable& kernels) {
  float start[faceio::kFmaChains], result[faceio::kFmaChains];
  std::fill(start, start + faceio::kFmaChains, 1.0f);
  int32_t lanes = 0;
  constexpr int64_t kRounds = 2'000'000;
  double best = 0.0;
  for (int i = 0; i < 8; ++i) {
    const auto begin = Clock::now();
    kernels.fma_peak_f32({start, 0.75f, 0.25f, kRounds, result, &lanes});
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best =
        std::max(best, static_cast<double>(kRounds) * faceio::kFmaChains * lanes / seconds * 1e-9);
  }
  return best;
}

/// Multiply-adds of a step by the definitions of its operations, in millions.
inline double mmac_of(const faceio::NetworkView& network, const faceio::Step& step) {
  using faceio::Op;
  double sum = 0.0;
  const int parts = step.winograd ? step.op_count : 1;
  for (int part = 0; part < parts; ++part) {
    const faceio::OpRecord& op = network.ops[static_cast<size_t>(step.first_op + part)];
    const faceio::MapView out = output_of(step, part);
    const double pixels = static_cast<double>(out.height) * out.width;
    switch (op.op) {
      case Op::conv3x3: sum += pixels * op.c_out * op.c_in * 9.0; break;
      case Op::conv1x1: sum += pixels * op.c_out * op.c_in; break;
      case Op::depthwise3x3: sum += pixels * op.c_out * 9.0; break;
      case Op::global_depthwise:
        sum += static_cast<double>(step.conv.in.height) * step.conv.in.width * op.c_out;
        break;
      case Op::batchnorm:
      case Op::add:
      case Op::upsample_nearest: break;
    }
  }
  return sum * 1e-6;
}

inline const void* key_of(const faceio::Step& step) {
  if (step.winograd) return &step.winograd_args;
  switch (step.op) {
    case faceio::Op::batchnorm: return &step.batchnorm;
    case faceio::Op::add: return &step.add;
    case faceio::Op::upsample_nearest: return &step.upsample;
    default: return &step.conv;
  }
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

inline void print(const char* title, const faceio::BoundNetwork& bound, faceio::Size size,
                  const std::vector<uint8_t>& rgb8) {
  const faceio::KernelTable table = wrap(*bound.kernels);
  faceio::BoundNetwork timed = bound;
  timed.kernels = &table;
  const auto schedule = faceio::Schedule::depth_first;
  faceio::host::AlignedBytes bytes;
  faceio::Arena arena(bytes.at_least(plan_bytes(bound.network, size, schedule)));
  const faceio::Plan plan = *make_plan(timed, size, schedule, arena);
  const faceio::ImageView image(rgb8.data(), size,
                                row_bytes(faceio::PixelFormat::RGB8, size.width_px),
                                faceio::PixelFormat::RGB8);
  const faceio::PictureRows rows(timed, image);
  constexpr int kWarm = 10, kRuns = 100;
  std::map<const void*, std::vector<double>> times;
  std::vector<double> totals;
  for (int i = 0; i < kWarm + kRuns; ++i) {
    records.clear();
    const auto begin = Clock::now();
    run(plan, rows);
    if (i < kWarm) continue;
    totals.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    for (const auto& [key, record] : records) times[key].push_back(record.sum_us);
  }
  const double peak = peak_gmac_s(*bound.kernels);
  std::printf("%s %dx%d on %s: %.0f us, peak %.1f GMAC/s\n%-16s %-14s %6s %8s %8s %8s %7s\n", title,
              size.width_px, size.height_px, name(bound.kernels->target), median(totals), peak,
              "step", "output", "calls", "us", "MMAC", "GMAC/s", "% peak");
  const auto line = [&](const std::string& step, const std::string& shape, const void* key,
                        double mmac) {
    const double us = median(times[key]);
    const double rate = mmac / us * 1e3;
    std::printf("%-16s %-14s %6d %8.1f %8.2f %8.1f %7.0f\n", step.c_str(), shape.c_str(),
                records[key].calls, us, mmac, rate, 100.0 * rate / peak);
  };
  line("picture", "", nullptr, 0.0);
  for (const faceio::Step& step : plan.steps) {
    const faceio::MapView out = output_of(step, 0);
    int channels = 0;
    for (int part = 0; part < (step.winograd ? step.op_count : 1); ++part) {
      channels += output_of(step, part).channels;
    }
    const std::string shape = std::to_string(out.height) + "x" + std::to_string(out.width) + "x" +
                              std::to_string(channels);
    line(bound.network.ops[step.first_op].name, shape, key_of(step), mmac_of(bound.network, step));
  }
}

}  // namespace step_times

#endif  // FACEIO_BENCHMARKS_STEP_TIMES_HPP
