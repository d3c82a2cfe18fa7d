// A training loop one can read: batches by seed, gradient descent, checkpoints that resume bit for bit.
#ifndef FACEIO_TRAIN_TRAINER_HPP
#define FACEIO_TRAIN_TRAINER_HPP

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "checkpoint.hpp"
#include "random.hpp"
#include "sgd.hpp"
#include "training_log.hpp"

FACEIO_BEGIN_NAMESPACE
namespace train {

/// What is trained: parameters, and the loss of a batch. Everything that a step changes is a parameter, so that a
/// checkpoint has it.
template <class Scalar>
class Task {
 public:
  virtual ~Task() = default;
  /// Of the training set.
  virtual Index examples() const = 0;
  /// The loss of these examples; sets the gradients of all parameters that descend, and changes those that do not.
  virtual double loss(const std::vector<Index>& batch) = 0;
  /// A number of data and options that the trainer cannot see: a checkpoint of another one is refused.
  virtual uint64_t recipe() const = 0;

  std::vector<Parameter<Scalar>> parameters;
};

struct TrainerOptions {
  int64_t steps = 1000;
  Index batch = 128;  // or all examples, when there are fewer
  uint64_t seed = 1;  // of the order of examples
  SgdOptions sgd;
  std::string checkpoint;          // path; empty: none
  int64_t checkpoint_every = 100;  // steps; the last step writes one too
};

/// Runs a task. The same task, options and build give the same bits, whether or not the run was cut into several by
/// checkpoints. Not for several threads at once; `task` must outlive it.
template <class Scalar>
class Trainer {
 public:
  /// Throws Error when options are out of range, or the task has no examples or two parameters of one name.
  Trainer(Task<Scalar>& task, const TrainerOptions& options) : task_(task), options_(options) {
    options.sgd.require_valid();
    if (options.steps < 0 || options.batch < 1 || options.checkpoint_every < 1)
      throw Error("a training needs 0 steps or more, batches of at least 1 and checkpoints at least 1 step apart; got " +
                  std::to_string(options.steps) + ", " + std::to_string(options.batch) + " and " +
                  std::to_string(options.checkpoint_every));
    if (task.examples() < 1) throw Error("the training set is empty");
    for (size_t i = 0; i < task.parameters.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (task.parameters[i].name == task.parameters[k].name)
          throw Error("two parameters are called " + task.parameters[i].name + "; checkpoints need names of their own");
      }
    }
    batch_size_ = (std::min)(options.batch, task.examples());
    batches_ = task.examples() / batch_size_;
    recipe_ = make_recipe();
  }

  /// Steps done.
  int64_t step() const noexcept { return step_; }

  /// Goes on where a checkpoint was written. Throws Error when it cannot be read, is damaged, or is of another training.
  void resume(const std::string& path) { step_ = load_checkpoint(path, recipe_, task_.parameters); }

  /// Does the remaining steps, and calls `report` with a StepReport after each. Throws Error when the loss or a gradient
  /// is not finite, or when a checkpoint cannot be written.
  template <class Report>
  void run(Report&& report) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const int64_t from = step_;
    while (step_ < options_.steps) {
      StepReport r;
      r.epoch = step_ / batches_;
      r.rate = options_.sgd.schedule.at(step_);
      r.loss = task_.loss(batch_of(step_));
      if (!std::isfinite(r.loss))
        throw Error("the loss of step " + std::to_string(step_) + " is not finite; lower the learning rate");
      for (Parameter<Scalar>& p : task_.parameters) {
        if (p.descends) descend(options_.sgd, step_, p);
      }
      ++step_;
      r.step = step_;
      r.steps = options_.steps;
      r.elapsed_s = std::chrono::duration<double>(Clock::now() - begin).count();
      r.remaining_s = r.elapsed_s / static_cast<double>(step_ - from) * static_cast<double>(options_.steps - step_);
      report(r);  // before the checkpoint: a log must not lack a step that a checkpoint has
      if (!options_.checkpoint.empty() && (step_ % options_.checkpoint_every == 0 || step_ == options_.steps))
        save_checkpoint(options_.checkpoint, step_, recipe_, task_.parameters);
    }
  }
  void run() {
    run([](const StepReport&) {});
  }

 private:
  /// Each epoch has an order of its own that depends on nothing but the seed; what is left of it after the last whole
  /// batch is left out.
  std::vector<Index> batch_of(int64_t step) {
    const int64_t epoch = step / batches_;
    if (epoch != epoch_) {
      order_ = shuffled(task_.examples(), Random(options_.seed, static_cast<uint64_t>(epoch)));
      epoch_ = epoch;
    }
    const auto first = order_.begin() + (step % batches_) * batch_size_;
    return {first, first + batch_size_};
  }

  /// Of everything that makes two trainings differ, except the number of steps, which may grow.
  uint64_t make_recipe() const {
    const SgdOptions& sgd = options_.sgd;
    Recipe of;
    of.add(task_.recipe()).add(task_.examples()).add(batch_size_).add(options_.seed).add(sgd.momentum);
    of.add(sgd.weight_decay).add(sgd.schedule.rate).add(sgd.schedule.factor);
    return of.add(sgd.schedule.drops.data(), sgd.schedule.drops.size()).value();
  }

  Task<Scalar>& task_;
  TrainerOptions options_;
  Index batch_size_ = 1;
  int64_t batches_ = 1;  // of an epoch
  uint64_t recipe_ = 0;  // of the task and the options
  int64_t step_ = 0, epoch_ = -1;
  std::vector<Index> order_;
};

}  // namespace train
FACEIO_END_NAMESPACE

#endif  // FACEIO_TRAIN_TRAINER_HPP
