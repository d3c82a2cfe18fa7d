// Eight threads share both networks, each with its own memory: the results are those of one thread, to the bit.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "../support/jobs.hpp"

TEST_CASE("eight threads share a detector and an embedder: the same bits as one alone") {
  constexpr uint32_t kJobs = 48;
  const test::Networks networks(faceio::host::target_or_throw());
  std::vector<uint64_t> alone;
  test::Worker worker(networks);
  for (uint32_t job = 0; job < kJobs; ++job) alone.push_back(worker.run(job));
  std::atomic<uint32_t> next{0}, wrong{0}, done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      test::Worker own(networks);
      for (uint32_t job = next++; job < 4 * kJobs; job = next++) {
        wrong += own.run(job % kJobs) != alone[job % kJobs];
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == 4 * kJobs);
  CHECK(wrong == 0);
}
