#include "../commands.hpp"
#include "commands.hpp"

namespace cli {

Outcome run_eval(const Arguments& arguments) {
  switch (arguments.eval.protocol) {
    case EvalProtocol::boxes: return run_eval_boxes(arguments);
    case EvalProtocol::wider: return run_eval_wider(arguments);
    case EvalProtocol::landmarks: return run_eval_landmarks(arguments);
    case EvalProtocol::pairs: return run_eval_pairs(arguments);
    case EvalProtocol::templates: return run_eval_templates(arguments);
  }
  return Outcome::bad_input;
}

}  // namespace cli
