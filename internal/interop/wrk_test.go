package interop

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

// TestWrk has 1,000 clients of another program keep their connections busy for some seconds.
func TestWrk(t *testing.T) {
	program := installed(t, "wrk", "wrk")
	socktest.Check(t)
	ln := listen(t)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	seconds := "5s"
	if testing.Short() {
		seconds = "2s"
	}
	out, err := exec.CommandContext(background(t), program,
		"-t", "2", "-c", "1000", "-d", seconds, "--timeout", "20s", "http://"+ln.Addr().String()).CombinedOutput()
	text := string(out)
	if err != nil || !regexp.MustCompile(`[1-9]\d* requests in`).MatchString(text) ||
		strings.Contains(text, "Socket errors") || strings.Contains(text, "Non-2xx") {
		t.Errorf("%v\n%s", err, text)
	}
	must(t, s.Close())
	<-served
}
