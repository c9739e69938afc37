//go:build !netbsd && !openbsd

package sock

const aiV4Mapped = AI_V4MAPPED
