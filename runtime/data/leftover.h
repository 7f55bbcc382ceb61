/* Folders that are being written, and what is left of them when their writer is killed.
 *
 * A folder under way has a file `unfinished` in it that its writer holds locked.  The system gives up the lock when
 * the writer ends in whatever way, so a mark that can be locked tells of a folder that nobody will finish.  The mark
 * gets its name when it is locked already, so two writers at once leave each other's folders alone. */
#ifndef HRM_DATA_LEFTOVER_H
#define HRM_DATA_LEFTOVER_H

/* Marks a folder as under way.  Returns the open mark; -1 where the file system has no locks or the mark cannot be
 * written: such a folder is never taken for a leftover. */
int leftover_mark(const char *folder);

/* Takes the mark out of the folder; it stays locked until it is closed, which has to wait until the folder has its
 * own name.  Harmless with -1. */
void leftover_unmark(const char *folder, int mark);

/* Removes every folder PATH.tmp.XXXXXX whose writer was killed.  What bears no mark is somebody's own and stays; what
 * cannot be removed stays, too. */
void leftover_remove(const char *path);

/* A folder and all in it; links are not followed. */
void remove_tree(const char *path);

#endif
