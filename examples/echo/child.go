package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// childPatience is how long a child may take to start listening, and to end.
const childPatience = 15 * time.Second

// A child is a server in its own process.
type child struct {
	at    endpoint
	cmd   *exec.Cmd
	stdin io.WriteCloser // the child ends when this is closed, which the system does however this process ends
	lines chan string    // the lines that it prints, from the second on
	ended chan error
}

// startChild starts a server and waits until it listens.
func startChild(o *options) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", "-child",
		"-listen", o.listen.String(), "-mode", o.mode, "-loops", strconv.Itoa(o.loops))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, stdin: stdin, lines: make(chan string, 16), ended: make(chan error, 1)}
	first := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n') // without a line the child has ended
		first <- line
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				break
			}
			c.lines <- line
		}
		close(c.lines)
		c.ended <- cmd.Wait()
	}()
	select {
	case line := <-first:
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			c.stop()
			return nil, errTold // the child has printed the error
		}
		if c.at, err = parseEndpoint(text); err != nil {
			c.stop()
		}
		return c, err
	case <-time.After(childPatience):
		c.stop()
		return nil, fmt.Errorf("the server did not listen within %v", childPatience)
	}
}

// stop ends the child, and returns an error if the child failed.
func (c *child) stop() error {
	c.stdin.Close()
	select {
	case err := <-c.ended:
		if err != nil {
			return fmt.Errorf("the server: %w", err)
		}
		return nil
	case <-time.After(childPatience):
		c.cmd.Process.Kill()
		<-c.ended
		return fmt.Errorf("the server did not end within %v", childPatience)
	}
}

func (c *child) endpoint() endpoint { return c.at }

// memory asks the child how many bytes its live objects need. It returns 0 without an answer.
func (c *child) memory() int64 {
	if _, err := io.WriteString(c.stdin, askMemory); err != nil {
		return 0
	}
	select {
	case line := <-c.lines:
		n, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		return n
	case <-time.After(childPatience):
		return 0
	}
}
