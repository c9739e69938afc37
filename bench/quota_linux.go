package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// quotaPeriod is the kernel's default period of a CPU quota, and that of container runtimes.
const quotaPeriod = 100 * time.Millisecond

// A quota is a cgroup with a CPU quota, as a container with a CPU limit has one: a process in it
// that has used its time stands still until the period is over.
type quota struct {
	dir string
}

// cgroupMounts are the places of the cpu controller: of cgroup v1, and of v2. A variable for tests.
var cgroupMounts = []string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup"}

// newQuota makes a cgroup whose processes get percent of one processor together.
//
// Errors: fs.ErrNotExist without the cpu controller, fs.ErrPermission.
func newQuota(name string, percent int) (*quota, error) {
	used := strconv.FormatInt(quotaPeriod.Microseconds()*int64(percent)/100, 10)
	period := strconv.FormatInt(quotaPeriod.Microseconds(), 10)
	var failed []error
	for _, mount := range cgroupMounts {
		q := &quota{dir: filepath.Join(mount, name)}
		if err := os.Mkdir(q.dir, 0o755); err != nil {
			failed = append(failed, err)
			continue
		}
		err := q.write("cpu.cfs_quota_us", used) // v1, whose period is the default
		if errors.Is(err, fs.ErrNotExist) {
			// v2: the controller must be on in the parent.
			if err = os.WriteFile(filepath.Join(mount, "cgroup.subtree_control"), []byte("+cpu"), 0); err == nil {
				err = q.write("cpu.max", used+" "+period)
			}
		}
		if err == nil {
			return q, nil
		}
		failed = append(failed, err, q.close())
	}
	return nil, fmt.Errorf("a CPU quota of %d %%: %w", percent, errors.Join(failed...))
}

// write opens a control file that is there: one that is made anew would be no control file.
func (q *quota) write(file, value string) error {
	f, err := os.OpenFile(filepath.Join(q.dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// add moves a process into the group.
func (q *quota) add(pid int) error { return q.write("cgroup.procs", strconv.Itoa(pid)) }

// throttled is how often the group has used up its quota.
func (q *quota) throttled() (int, error) {
	b, err := os.ReadFile(filepath.Join(q.dir, "cpu.stat"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "nr_throttled "); ok {
			return strconv.Atoi(n)
		}
	}
	return 0, fmt.Errorf("%s/cpu.stat has no nr_throttled", q.dir)
}

// close removes the group, whose processes must have ended.
func (q *quota) close() error { return os.Remove(q.dir) }
