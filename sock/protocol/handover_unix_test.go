//go:build unix

package protocol_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// generation makes the test program a server that hands over to the next of its kind.
const generation = "POLLUX_TEST_GENERATION"

// one answers a request with the number of its process; it ends when its peer does. At Shutdown it
// waits for the request.
type one struct{ protocol.Base }

func (one) Data(t *protocol.Transport, p []byte) int {
	if len(p) < 4 {
		return 0
	}
	fmt.Fprintf(t, "%8d", os.Getpid())
	return 4
}

func (one) Shutdown(*protocol.Transport) {}

// succeed is main of a generation: it serves what it inherited until a line comes, and then hands
// over, or ends.
func succeed() error {
	listeners, err := protocol.Inherited()
	if err != nil || len(listeners) == 0 {
		return fmt.Errorf("%d listeners, %w", len(listeners), err)
	}
	s, err := protocol.NewServer(&protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return one{} }, Loops: 1})
	if err != nil {
		return err
	}
	for _, ln := range listeners {
		if err := s.Serve(ln); err != nil {
			return err
		}
	}
	if err := protocol.NotifyReady(); err != nil {
		return err
	}
	fmt.Println("ready", os.Getpid())
	line := make([]byte, 8)
	if _, err := io.ReadFull(os.Stdin, line); err != nil {
		line = []byte("the end\n")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if string(line) == "restart\n" {
		next := exec.Command(os.Args[0])
		next.Stdin, next.Stdout, next.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := s.HandOver(ctx, next); err != nil {
			return err
		}
	}
	_, err = s.Shutdown(ctx)
	return err
}

// A server is restarted 20 times under load, and no client sees an error.
func TestRestartsUnderLoad(t *testing.T) {
	const restarts, clients = 20, 4
	first, err := protocol.NewServer(&protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return one{} }, Loops: 1})
	socktest.Must(t, err)
	defer first.Close()
	at, err := first.Listen(sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
	commands, theirs, err := os.Pipe()
	socktest.Must(t, err)
	defer theirs.Close()
	answers, out, err := os.Pipe()
	socktest.Must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), generation+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = commands, out, os.Stderr

	var stop atomic.Bool
	var requests, failures atomic.Int64
	var pids sync.Map
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop.Store(true)
	for range clients {
		wg.Go(func() {
			for !stop.Load() {
				pid, err := request(at.String())
				requests.Add(1)
				if err != nil {
					failures.Add(1)
					t.Errorf("request %d: %v", requests.Load(), err)
					return
				}
				pids.Store(pid, true)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	socktest.Must(t, first.HandOver(ctx, cmd))
	out.Close()
	commands.Close()
	_, err = first.Shutdown(ctx)
	socktest.Must(t, err)
	lines := bufio.NewScanner(answers)
	answers.SetReadDeadline(time.Now().Add(60 * time.Second))
	for range restarts - 1 {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "ready") {
			t.Fatalf("%q, %v", lines.Text(), lines.Err())
		}
		before := requests.Load()
		socktest.Await(t, "some requests", func() bool { return requests.Load() > before+5 || failures.Load() > 0 })
		io.WriteString(theirs, "restart\n")
	}
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	before := requests.Load()
	socktest.Await(t, "requests to the last one", func() bool { return requests.Load() > before+20 || failures.Load() > 0 })
	stop.Store(true)
	wg.Wait()
	theirs.Close() // the last one ends
	cmd.Wait()
	n := 0
	pids.Range(func(any, any) bool { n++; return true })
	t.Logf("%d requests, %d errors, %d processes served", requests.Load(), failures.Load(), n)
	if n < restarts/2 {
		t.Errorf("only %d processes have served", n)
	}
}

func request(at string) (pid string, err error) {
	c, err := net.Dial("tcp", at)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte("ping")); err != nil {
		return "", err
	}
	b := make([]byte, 8)
	_, err = io.ReadFull(c, b)
	return string(b), err
}

func TestHandOverFails(t *testing.T) {
	socktest.Check(t)
	s, at := serve(t, each(one{}))
	if err := s.HandOver(patience(t), exec.Command("/bin/true")); !errors.Is(err, protocol.ErrNotReady) {
		t.Errorf("a successor that ends: %v", err)
	}
	if err := s.HandOver(patience(t), exec.Command("/no/such/program")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such program: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	slow := exec.Command("/bin/sleep", "60")
	if err := s.HandOver(ctx, slow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a successor that is never ready: %v", err)
	}
	full := exec.Command("/bin/true")
	full.ExtraFiles = []*os.File{os.Stdin}
	var option *protocol.OptionError
	if err := s.HandOver(patience(t), full); !errors.As(err, &option) {
		t.Errorf("with files of its own: %v", err)
	}
	if _, err := request(at); err != nil {
		t.Errorf("it does not serve on: %v", err)
	}
}

func TestInherited(t *testing.T) {
	if list, err := protocol.Inherited(); len(list) != 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
	t.Setenv("LISTEN_FDS", "many")
	t.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
	if _, err := protocol.Inherited(); err == nil {
		t.Error("LISTEN_FDS=many")
	}
	t.Setenv("LISTEN_PID", "1")
	if list, err := protocol.Inherited(); len(list) != 0 || err != nil {
		t.Errorf("of another process: %v, %v", list, err)
	}
	socktest.Must(t, protocol.NotifyReady())
}

func TestHandOverNothing(t *testing.T) {
	s, err := protocol.NewServer(&protocol.Config{Loops: 1})
	socktest.Must(t, err)
	defer s.Close()
	var option *protocol.OptionError
	if err := s.HandOver(t.Context(), nil); !errors.As(err, &option) {
		t.Errorf("without a command: %v", err)
	}
}
