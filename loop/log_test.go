package loop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"go.uber.org/zap/zapcore"
)

// jsonHandler returns a zapHandler that writes JSON with slog's keys, so that a test can read the
// lines.
func jsonHandler(w io.Writer, least zapcore.Level) *zapHandler {
	enc := zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey: slog.TimeKey, LevelKey: slog.LevelKey, MessageKey: slog.MessageKey,
		EncodeTime: zapcore.RFC3339NanoTimeEncoder, EncodeLevel: zapcore.CapitalLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	})
	return &zapHandler{core: zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(w)), least)}
}

// jsonLines decodes the lines that a jsonHandler has written.
func jsonLines(t *testing.T, text string) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		lines = append(lines, m)
	}
	return lines
}

// The rules of slog.Handler: groups, empty and inlined ones, empty attributes, LogValuer, zero
// time.
func TestHandlerKeepsTheRules(t *testing.T) {
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return jsonHandler(&buf, zapcore.DebugLevel)
	}, func(t *testing.T) map[string]any { return jsonLines(t, buf.String())[0] })
}

type panicker struct{}

func (panicker) String() string { panic("oh no") }

type valuer struct{ v any }

func (v valuer) LogValue() slog.Value { return slog.AnyValue(v.v) }

func TestHandlerValues(t *testing.T) {
	var nobody *PanicError // Error would read a nil pointer
	for _, tt := range []struct {
		name  string
		value any
		want  any // as encoding/json decodes it
	}{
		{"bool", true, true},
		{"int", -5, -5.0},
		{"uint", uint64(5), 5.0},
		{"float", 1.5, 1.5},
		{"string", "a \"b\"\n", "a \"b\"\n"},
		{"duration", 1500 * time.Millisecond, "1.5s"},
		{"time", time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), "2024-05-06T07:08:09Z"},
		{"error", fmt.Errorf("accept: %w", os.ErrDeadlineExceeded), "accept: i/o timeout"},
		{"nil pointer that is an error", nobody, "<nil>"},
		{"Stringer", Write, "write"},
		{"bytes", []byte("text"), "text"},
		{"nil", nil, "<nil>"},
		{"slice", []int{1, 2}, "[1 2]"},
		{"struct", struct{ A, B int }{1, 2}, "{A:1 B:2}"},
		{"function that JSON cannot encode", struct{ F func() }{}, "{F:<nil>}"},
		{"LogValuer", valuer{errFull}, errFull.Error()},
		{"group", slog.GroupValue(slog.Int("a", 1), slog.Group("b", "c", 2)), map[string]any{"a": 1.0, "b": map[string]any{"c": 2.0}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var buf bytes.Buffer
			h := jsonHandler(&buf, zapcore.DebugLevel)
			slog.New(h).Warn("one", "key", tt.value, "after", 1)
			slog.New(h).With("key", tt.value).Warn("two", "after", 1)
			for _, line := range jsonLines(t, buf.String()) {
				if got := line["key"]; fmt.Sprint(got) != fmt.Sprint(tt.want) || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", tt.want) {
					t.Errorf("%v: logged as %#v, want %#v", line["msg"], got, tt.want)
				}
				if line["after"] != 1.0 {
					t.Errorf("%v: the next attribute is %v", line["msg"], line["after"])
				}
			}
		})
	}
}

// The value of a panic comes from a user, and so does its String method. A second panic in it would
// end the loop.
func TestHandlerContainsPanicOfValue(t *testing.T) {
	var buf bytes.Buffer
	slog.New(jsonHandler(&buf, zapcore.DebugLevel)).Error("panic", "panic", panicker{})
	if got := jsonLines(t, buf.String())[0]["panic"]; !strings.Contains(fmt.Sprint(got), "oh no") {
		t.Errorf("logged as %v", got)
	}
}

func TestHandlerLevels(t *testing.T) {
	var buf bytes.Buffer
	log := slog.New(jsonHandler(&buf, zapcore.WarnLevel))
	for _, tt := range []struct {
		level slog.Level
		want  string // "": not logged
	}{
		{slog.LevelDebug - 4, ""},
		{slog.LevelDebug, ""},
		{slog.LevelInfo, ""},
		{slog.LevelWarn - 1, ""},
		{slog.LevelWarn, "WARN"},
		{slog.LevelError - 1, "WARN"},
		{slog.LevelError, "ERROR"},
		{slog.LevelError + 4, "ERROR"}, // and not zap's Panic or Fatal, which panic or exit
	} {
		buf.Reset()
		if log.Log(t.Context(), tt.level, "text"); tt.want == "" {
			if buf.Len() != 0 || log.Enabled(t.Context(), tt.level) {
				t.Errorf("%v: enabled, or logged: %q", tt.level, buf.String())
			}
			continue
		}
		if got := jsonLines(t, buf.String())[0]["level"]; got != tt.want {
			t.Errorf("%v: logged as %v, want %v", tt.level, got, tt.want)
		}
	}
}

// Two handlers made from one do not share their attributes.
func TestHandlerDerivedTwice(t *testing.T) {
	var buf bytes.Buffer
	base := slog.New(jsonHandler(&buf, zapcore.DebugLevel)).WithGroup("a").WithGroup("b").WithGroup("c")
	one, two := base.WithGroup("one"), base.WithGroup("two")
	one.Info("text", "k", 1)
	two.Info("text", "k", 2)
	base.With("k", 3).Info("text")
	base.Info("text", "k", 4)
	var got []string
	for _, line := range jsonLines(t, buf.String()) {
		got = append(got, fmt.Sprint(line["a"]))
	}
	want := []string{"map[b:map[c:map[one:map[k:1]]]]", "map[b:map[c:map[two:map[k:2]]]]", "map[b:map[c:map[k:3]]]", "map[b:map[c:map[k:4]]]"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("logged %v, want %v", got, want)
	}
}

func TestHandlerConcurrently(t *testing.T) {
	var buf bytes.Buffer
	log := slog.New(jsonHandler(&buf, zapcore.DebugLevel)).With("base", 1).WithGroup("g")
	const writers, each = 8, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			own := log.With("writer", w)
			for i := range each {
				own.Info("text", "i", i)
			}
		})
	}
	within(t, "the end of the writers", wg.Wait)
	next := make(map[float64]float64)
	lines := jsonLines(t, buf.String())
	for _, line := range lines {
		g := line["g"].(map[string]any)
		w := g["writer"].(float64)
		if line["base"] != 1.0 || g["i"] != next[w] {
			t.Fatalf("%v, want number %v of writer %v", line, next[w], w)
		}
		next[w]++
	}
	if len(lines) != writers*each {
		t.Errorf("%d lines, want %d", len(lines), writers*each)
	}
}

// Handle returns the error of a write, so that a handler around it can use that.
func TestHandlerWriteError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	if err := jsonHandler(w, zapcore.DebugLevel).Handle(t.Context(), slog.Record{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Handle: %v, want %v", err, os.ErrClosed)
	}
}

// A user sees this without any configuration.
func TestStderrLogger(t *testing.T) {
	if os.Getenv("POLLUX_TEST_STDERR") == "" {
		out := rerun(t, "POLLUX_TEST_STDERR=1")
		var lines []string
		for line := range strings.Lines(out) {
			if strings.Contains(line, "pollux") {
				lines = append(lines, line)
			}
		}
		if len(lines) != 1 || !strings.HasSuffix(lines[0], "\tWARN\tpollux\toperation backs off\t{\"for\": \"5ms\", \"error\": \""+errFull.Error()+"\"}\n") {
			t.Errorf("on standard error: %q", lines)
		}
		return
	}
	log := stderrLogger()
	log.Info("not a warning")
	log.Warn("operation backs off", "for", 5*time.Millisecond, "error", errFull)
}
