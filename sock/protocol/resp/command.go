// Package resp has commands and answers of RESP2, the protocol of Redis, as bytes. It has no
// connection and never waits, so it serves callbacks and tasks alike.
//
// A client may send many commands before the first answer (pipelining). The answers must have the
// order of the commands.
package resp

import (
	"bytes"
	"fmt"
	"strconv"
)

// Limits bound a command. The zero Limits are the defaults.
type Limits struct {
	Args  int // strings of a command, with its name; 0: 1024
	Bytes int // of a command, with the lengths of its strings, at most 512 MiB; 0: 1 MiB

	// Inline also takes inline commands, as people and redis-benchmark type them: a line with
	// strings between spaces, at most 64 KiB. Quotes have no meaning. An empty line is a command
	// without strings.
	Inline bool
}

const defaultArgs, defaultBytes, mostBytes = 1024, 1 << 20, 512 << 20

// mostInline is PROTO_INLINE_MAX_SIZE of Redis.
const mostInline = 64 << 10

// A ProtocolError says that the bytes are no command. No other command can be found behind them, so
// the connection must end after an answer with the error.
type ProtocolError struct {
	At   int    // the place in what was parsed
	What string // the fault
}

func (e *ProtocolError) Error() string { return fmt.Sprintf("resp: byte %d: %s", e.At, e.What) }

// Parse reads the first command of p: an array of strings, such as "*1\r\n$4\r\nPING\r\n". It
// appends the strings, which are parts of p, to args. used is the number of bytes of the command.
// It is 0 if p does not have the whole command, and args is then unchanged.
//
// Error: a *ProtocolError.
func (l Limits) Parse(args [][]byte, p []byte) (command [][]byte, used int, err error) {
	mostArgs, most := min(l.Args, mostBytes), min(l.Bytes, mostBytes)
	if mostArgs <= 0 {
		mostArgs = defaultArgs
	}
	if most <= 0 {
		most = defaultBytes
	}
	if l.Inline && len(p) > 0 && p[0] != '*' {
		return inline(args, p, mostArgs, min(most, mostInline))
	}
	n, at, err := number(p, 0, '*', mostArgs)
	if err != nil || at == 0 {
		return args, 0, err
	}
	command = args
	for range n {
		size, begin, err := number(p, at, '$', most-at)
		if err != nil || begin == 0 {
			return args, 0, err
		}
		end := begin + size
		if end+2 > most {
			return args, 0, &ProtocolError{at, fmt.Sprintf("the command has more than %d bytes", most)}
		}
		if len(p) < end+2 {
			return args, 0, nil
		}
		if p[end] != '\r' || p[end+1] != '\n' {
			return args, 0, &ProtocolError{end, "a string must end with \\r\\n"}
		}
		command = append(command, p[begin:end:end])
		at = end + 2
	}
	return command, at, nil
}

// inline reads a line of at most most bytes as a command.
func inline(args [][]byte, p []byte, mostArgs, most int) (command [][]byte, used int, err error) {
	end := bytes.IndexByte(p[:min(len(p), most)], '\n')
	if end < 0 && len(p) < most {
		return args, 0, nil
	}
	if end < 0 {
		return args, 0, &ProtocolError{0, fmt.Sprintf("the line has more than %d bytes", most)}
	}
	command = args
	for arg := range bytes.FieldsFuncSeq(p[:end], isSpace) {
		if len(command)-len(args) == mostArgs {
			return args, 0, &ProtocolError{0, fmt.Sprintf("the line has more than %d strings", mostArgs)}
		}
		command = append(command, arg)
	}
	return command, end + 1, nil
}

func isSpace(c rune) bool { return c == ' ' || c == '\t' || c == '\r' }

// number reads a line at a place of p: a mark and a number of at most most, such as *3 or $5. next
// is the place behind the line, or 0 if the line is not whole.
func number(p []byte, at int, mark byte, most int) (v, next int, err error) {
	if at == len(p) {
		return 0, 0, nil
	}
	if p[at] != mark {
		return 0, 0, &ProtocolError{at, fmt.Sprintf("there is %q, must be %q", p[at], mark)}
	}
	i, n := at+1, int64(0)
	for ; i < len(p) && '0' <= p[i] && p[i] <= '9'; i++ {
		if n = n*10 + int64(p[i]-'0'); n > int64(most) || i-at > 20 {
			return 0, 0, &ProtocolError{at, fmt.Sprintf("the number behind %q must be at most %d", mark, most)}
		}
	}
	switch {
	case i < len(p) && (i == at+1 || p[i] != '\r'), i+1 < len(p) && p[i+1] != '\n':
		return 0, 0, &ProtocolError{i, fmt.Sprintf("a line that begins with %q must be a number and \\r\\n", mark)}
	case i+1 < len(p):
		return int(n), i + 2, nil
	}
	return 0, 0, nil
}

// AppendCommand appends a command to b, as a client sends it.
func AppendCommand(b []byte, args ...string) []byte {
	b = append(strconv.AppendInt(append(b, '*'), int64(len(args)), 10), "\r\n"...)
	for _, arg := range args {
		b = AppendBulk(b, arg)
	}
	return b
}

// AppendSimple appends the answer text, which is one line: "OK".
func AppendSimple(b []byte, text string) []byte {
	return append(append(append(b, '+'), text...), "\r\n"...)
}

// AppendError appends an error as an answer. Redis has a word in capitals first: "ERR no such key".
// A line break in text becomes a space.
func AppendError(b []byte, text string) []byte {
	b = append(b, '-')
	for i := range len(text) {
		c := text[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		b = append(b, c)
	}
	return append(b, "\r\n"...)
}

// AppendInt appends a number as an answer.
func AppendInt(b []byte, n int64) []byte {
	return append(strconv.AppendInt(append(b, ':'), n, 10), "\r\n"...)
}

// AppendBulk appends a string of any bytes as an answer.
func AppendBulk[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(strconv.AppendInt(append(b, '$'), int64(len(s)), 10), "\r\n"...)
	return append(append(b, s...), "\r\n"...)
}

// AppendNull appends the answer for a value that does not exist.
func AppendNull(b []byte) []byte { return append(b, "$-1\r\n"...) }
