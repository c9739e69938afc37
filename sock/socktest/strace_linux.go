package socktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// Strace makes cmd, which must not have started, run under strace(1). Its process stays the
// program's own. Once its standard output has ended, moved returns how many bytes the calls of a
// name moved in all its threads: splice, recvfrom, sendto, recvmsg, sendmsg.
func Strace(t testing.TB, cmd *exec.Cmd) (moved func() map[string]int64) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		Lacking(t, "apt-get install strace", err)
	}
	file := filepath.Join(t.TempDir(), "strace")
	cmd.Args = append([]string{strace, "-D", "-f", "-qq", "-o", file, "-e", "signal=none",
		"-e", "trace=splice,recvfrom,sendto,recvmsg,sendmsg", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = strace
	return func() map[string]int64 {
		text, err := os.ReadFile(file)
		Must(t, err)
		sums := make(map[string]int64)
		for _, m := range straceLine.FindAllSubmatch(text, -1) {
			n, err := strconv.ParseInt(string(m[2]), 10, 64)
			Must(t, err)
			sums[string(m[1])] += n
		}
		return sums
	}
}

// straceLine is a call that ended, at once or on a later line ("<... splice resumed>"), and its
// result.
var straceLine = regexp.MustCompile(`(?m)^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = (\d+)$`)
