/* PyTorch's files of tensors (torch.save): the zip form, and the legacy form of PyTorch before 1.6.
 *
 * Zip: members PREFIX/data.pkl, a pickle, PREFIX/data/KEY, the storages, PREFIX/byteorder perhaps.  Legacy: five
 * pickles one behind the other (a magic number, the protocol 1001, the writer's machine, the object, the keys of the
 * storages in order), then for each storage its number of elements in eight bytes, and they.  In both a tensor is a
 * view of a storage: offset, sizes, strides; tensors may share storages.  A view that is not row-major is copied.
 *
 * Only tensors are read.  The object is a dictionary, tensors may stand in it at any depth (also in lists), and a
 * tensor is called by its keys with dots between them; what else stands there is passed over.  Where a dictionary
 * holds no tensor itself but has one of the keys state_dict, model_state_dict, model, module or weights (the first
 * found of these) with a dictionary, as files with an optimiser beside the model have, that one alone is read.  A
 * file of one tensor alone calls it "tensor".
 *
 * Classes that a pickle may name: OrderedDict, the storages of the types below, the functions that make tensors and
 * parameters of them, and torch.Size, torch.device.  Sparse, quantised and complex tensors are thereby refused. */
#ifndef HRM_PT_H
#define HRM_PT_H

#include "runtime/archive.h"
#include "runtime/tensor_file.h"

/* The number of an archive's data.pkl; -1: it is not PyTorch's. */
int64_t pt_find_pickle(const struct archive *archive);
bool pt_is_legacy(const unsigned char *bytes, size_t length); /* begins as a pickle */

/* Fill the entries of a file that tensor_file_parse began; pickle: of pt_find_pickle. */
bool pt_parse_archive(struct tensor_file *file, const struct archive *archive, int64_t pickle,
                      struct hrm_error *error);
bool pt_parse_legacy(struct tensor_file *file, const void *bytes, size_t length, const char *name,
                     struct hrm_error *error);

#endif
