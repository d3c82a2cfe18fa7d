// Hours of work at full load: memory, open files and results stay as they were in the first minute.
//
//   faceio_soak [--seconds 300] [--threads 4]
//
// Threads do the same few hundred jobs (random sizes, formats, precisions, scales) over and over. Every result has to be that
// of the first time; after a warm-up of a quarter of the time, or of every job on every thread, the resident memory may grow by 4 MiB at most (where it is
// lowest in the second half: what a thread takes to read a file comes and goes) and the number of open files by none but those. Every tenth round opens and closes blobs and pictures from files. Prints a line every ten seconds.
// Exit code 1: something changed.
#if defined(__linux__)
#include <malloc.h>
#endif

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <faceio/host/image_io.hpp>

#include "../support/jobs.hpp"

namespace {

constexpr uint32_t kJobs = 256;
constexpr double kMostGrowth_mib = 4.0;

/// What is not given back by an allocator that waits for the next request does not count.
double resident_mib() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  std::ifstream file("/proc/self/statm");
  double all = 0.0, resident = 0.0;
  file >> all >> resident;
  return resident * 4096.0 / (1024.0 * 1024.0);
}

int open_files() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

double option(int argc, char** argv, const char* name, double otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::atof(argv[i + 1]);
  }
  return otherwise;
}

/// Files come and go.
bool opens_files() {
  const auto detector = faceio::host::OwnedDetector::load(test::int8_detector_path());
  faceio::host::Picture picture;
  std::string error;
  return !detector.blob().empty() &&
         faceio::host::try_read_picture(test::golden("rec_astronaut_112.png"), picture, error) &&
         !faceio::host::try_read_picture(test::golden("README.md"), picture, error) &&
         !faceio::host::try_read_picture(test::golden("no such file"), picture, error);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = option(argc, argv, "--seconds", 300.0);
  const auto thread_count = static_cast<size_t>(option(argc, argv, "--threads", 4.0));
  const test::Networks networks(faceio::host::target_or_throw());
  std::vector<uint64_t> expected(kJobs);
  {
    test::Worker worker(networks);
    for (uint32_t job = 0; job < kJobs; ++job) expected[job] = worker.run(job);
  }
  std::atomic<uint64_t> done{0}, wrong{0}, failed_opens{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      test::Worker worker(networks);
      for (uint32_t n = static_cast<uint32_t>(t) * 31; !stop; n += 7) {
        wrong += worker.run(n % kJobs) != expected[n % kJobs];
        if (++done % 100 == 0) failed_opens += opens_files() ? 0 : 1;
      }
    });
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto passed = [&start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  double memory_mib = 0.0, later_mib = 1e9;
  int files = 0, most_files = 0;
  double next_line = 10.0;
  while (passed() < seconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    // Another thread may be in the middle of reading a file: one each, on top of those that stay.
    // Every thread has done every job, and has the memory that the largest takes.
    const bool warm = passed() >= seconds / 4.0 && done >= 2 * thread_count * kJobs;
    if (!warm) {
      memory_mib = std::max(memory_mib, resident_mib());
      files = std::max(files, open_files());
      most_files = files;
    }
    if (passed() > seconds / 2.0) later_mib = std::min(later_mib, resident_mib());
    most_files = std::max(most_files, open_files());
    if (passed() >= next_line) {
      std::printf("%6.0f s of %.0f: %llu jobs, %llu wrong, %.1f MiB, %d open files\n", passed(), seconds,
                  static_cast<unsigned long long>(done.load()), static_cast<unsigned long long>(wrong.load()), resident_mib(),
                  open_files());
      std::fflush(stdout);
      next_line += 10.0;
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const int files_at_end = open_files();
  std::printf("%llu jobs on %zu threads in %.0f s, %llu wrong, %llu files not opened; memory %.1f MiB in the warm-up, later "
              "%.1f; open files at most %d, then %d\n",
              static_cast<unsigned long long>(done.load()), thread_count, passed(), static_cast<unsigned long long>(wrong.load()),
              static_cast<unsigned long long>(failed_opens.load()), memory_mib, later_mib, most_files, files_at_end);
  const bool flat = later_mib <= memory_mib + kMostGrowth_mib &&
                    most_files <= files + static_cast<int>(thread_count) && files_at_end <= files;
  if (!flat) std::printf("memory or files have grown\n");
  return done > 0 && wrong == 0 && failed_opens == 0 && flat ? 0 : 1;
}
