package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// A store is the data that the commands work on. It belongs to one loop.
type store struct{ values map[string][]byte }

// errProtocol reads as a Redis server has it, after "ERR ".
var errProtocol error = redisError("Protocol error")

type redisError string

func (e redisError) Error() string { return string(e) }

const mostArgs, mostArg = 1024, 512 << 10

// number reads a line with a mark and a number, such as *3 or $5.
func number(p []byte, mark byte) (v, used int, err error) {
	i := bytes.IndexByte(p[:min(len(p), 32)], '\n')
	switch {
	case i < 0 && len(p) >= 32:
		return 0, 0, errProtocol
	case i < 0:
		return 0, 0, nil
	case i < 2 || p[0] != mark || p[i-1] != '\r':
		return 0, 0, errProtocol
	}
	if v, err = strconv.Atoi(string(p[1 : i-1])); err != nil {
		return 0, 0, errProtocol
	}
	return v, i + 1, nil
}

// parse reads a command: an array of strings, which are part of p. used is 0 if p does not hold the
// whole command.
func parse(p []byte) (cmd [4][]byte, used int, err error) {
	n, at, err := number(p, '*')
	if err != nil || at == 0 {
		return cmd, 0, err
	}
	if n < 0 || n > mostArgs {
		return cmd, 0, errProtocol
	}
	for i := range n {
		size, k, err := number(p[at:], '$')
		if err != nil || k == 0 {
			return cmd, 0, err
		}
		if size < 0 || size > mostArg {
			return cmd, 0, errProtocol
		}
		at += k
		if len(p) < at+size+2 {
			return cmd, 0, nil
		}
		if i < len(cmd) {
			cmd[i] = p[at : at+size : at+size]
		}
		at += size + 2
	}
	return cmd, at, nil
}

// do runs a command and appends its answer to out.
func (s *store) do(out []byte, cmd [4][]byte) []byte {
	name := string(bytes.ToUpper(cmd[0]))
	switch {
	case name == "PING" && cmd[1] == nil:
		return append(out, "+PONG\r\n"...)
	case name == "PING" || name == "ECHO" && cmd[1] != nil:
		return bulk(out, cmd[1])
	case name == "SET" && cmd[2] != nil:
		s.values[string(cmd[1])] = bytes.Clone(cmd[2])
		return append(out, "+OK\r\n"...)
	case name == "GET" && cmd[1] != nil:
		return bulk(out, s.values[string(cmd[1])])
	case name == "DEL" && cmd[1] != nil:
		_, ok := s.values[string(cmd[1])]
		delete(s.values, string(cmd[1]))
		return fmt.Appendf(out, ":%d\r\n", map[bool]int{true: 1}[ok])
	case name == "INCR" && cmd[1] != nil:
		n, err := strconv.ParseInt(string(append([]byte("0"), s.values[string(cmd[1])]...)), 10, 64)
		if err != nil {
			return append(out, "-ERR value is not an integer or out of range\r\n"...)
		}
		s.values[string(cmd[1])] = strconv.AppendInt(nil, n+1, 10)
		return fmt.Appendf(out, ":%d\r\n", n+1)
	}
	return fmt.Appendf(out, "-ERR unknown command '%s', or the wrong number of arguments\r\n", cmd[0])
}

// bulk appends a string, or nil.
func bulk(out, v []byte) []byte {
	if v == nil {
		return append(out, "$-1\r\n"...)
	}
	out = append(strconv.AppendInt(append(out, '$'), int64(len(v)), 10), "\r\n"...)
	return append(append(out, v...), "\r\n"...)
}
