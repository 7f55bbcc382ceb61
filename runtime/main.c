#include "runtime/hrm_main.h"

int main(int argc, char **argv) {
  const struct hrm_code code = {hrm_model_description, hrm_model_pack,  hrm_model_prepare,
                                hrm_model_forward,     hrm_model_train, hrm_model_trace};
  return hrm_main(argc, argv, &code);
}
