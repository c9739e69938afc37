package loop

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// stderrLogger returns the logger of a Config that names none: warnings and errors, as text on
// standard error. Only this file uses zap, so a program that sets its own Logger never meets zap.
var stderrLogger = sync.OnceValue(func() *slog.Logger {
	text := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	return slog.New(&zapHandler{core: zapcore.NewCore(text, zapcore.Lock(os.Stderr), zap.WarnLevel)})
})

// zapHandler is a slog.Handler that writes to a zap core. It is immutable.
type zapHandler struct {
	core   zapcore.Core // has the attributes of WithAttrs, and the groups around them
	groups []string     // opened by WithGroup, still without an attribute: slog leaves out empty groups
}

var _ slog.Handler = (*zapHandler)(nil)

// Enabled implements slog.Handler.
func (h *zapHandler) Enabled(_ context.Context, level slog.Level) bool {
	return h.core.Enabled(zapLevel(level))
}

// Handle implements slog.Handler.
func (h *zapHandler) Handle(_ context.Context, r slog.Record) error {
	fields := make([]zap.Field, 0, len(h.groups)+r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		fields = appendAttr(fields, a)
		return true
	})
	return h.core.Write(zapcore.Entry{
		Level:      zapLevel(r.Level),
		Time:       r.Time,
		LoggerName: "pollux",
		Message:    r.Message,
	}, h.grouped(fields))
}

// WithAttrs implements slog.Handler.
func (h *zapHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var fields []zap.Field
	for _, a := range attrs {
		fields = appendAttr(fields, a)
	}
	if len(fields) == 0 {
		return h
	}
	return &zapHandler{core: h.core.With(h.grouped(fields))}
}

// WithGroup implements slog.Handler.
func (h *zapHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	// The full slice expression makes append copy: two handlers may be derived from h.
	return &zapHandler{core: h.core, groups: append(h.groups[:len(h.groups):len(h.groups)], name)}
}

// grouped puts fields into the open groups.
func (h *zapHandler) grouped(fields []zap.Field) []zap.Field {
	if len(fields) == 0 || len(h.groups) == 0 {
		return fields
	}
	all := make([]zap.Field, 0, len(h.groups)+len(fields))
	for _, g := range h.groups {
		all = append(all, zap.Namespace(g))
	}
	return append(all, fields...)
}

// zapLevel rounds down to a level of zap. slog allows levels between the named ones.
func zapLevel(level slog.Level) zapcore.Level {
	switch {
	case level < slog.LevelInfo:
		return zap.DebugLevel
	case level < slog.LevelWarn:
		return zap.InfoLevel
	case level < slog.LevelError:
		return zap.WarnLevel
	}
	return zap.ErrorLevel
}

// appendAttr appends a by the rules of slog.Handler: a zero Attr and an empty group are left out,
// and a group without a key is inlined.
func appendAttr(fields []zap.Field, a slog.Attr) []zap.Field {
	v := a.Value.Resolve()
	if a.Key == "" && v.Equal(slog.Value{}) {
		return fields
	}
	switch v.Kind() {
	case slog.KindBool:
		return append(fields, zap.Bool(a.Key, v.Bool()))
	case slog.KindDuration:
		return append(fields, zap.Duration(a.Key, v.Duration()))
	case slog.KindFloat64:
		return append(fields, zap.Float64(a.Key, v.Float64()))
	case slog.KindInt64:
		return append(fields, zap.Int64(a.Key, v.Int64()))
	case slog.KindString:
		return append(fields, zap.String(a.Key, v.String()))
	case slog.KindTime:
		return append(fields, zap.Time(a.Key, v.Time()))
	case slog.KindUint64:
		return append(fields, zap.Uint64(a.Key, v.Uint64()))
	case slog.KindGroup:
		if a.Key == "" {
			for _, member := range v.Group() {
				fields = appendAttr(fields, member)
			}
			return fields
		}
		var members []zap.Field
		for _, member := range v.Group() {
			members = appendAttr(members, member)
		}
		if len(members) == 0 {
			return fields
		}
		return append(fields, zap.Dict(a.Key, members...))
	}
	return append(fields, zap.String(a.Key, anyText(v.Any())))
}

// anyText formats a value as slog.TextHandler does. Package fmt recovers a panic of an Error or
// String method, and zap does not. The value may be one that a callback has passed to panic.
func anyText(v any) string {
	switch v := v.(type) {
	case error:
		return fmt.Sprint(v) // %+v would print the stack of some error types
	case []byte:
		return string(v)
	}
	return fmt.Sprintf("%+v", v)
}
