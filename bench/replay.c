/*
 * Does what it finds on standard input, a line each: `r PATH` reads a file, `d PATH` a folder, `l PATH` a link, and `w PATH TEXT` writes
 * TEXT and a line end. Whatever is absent is passed over. Prints the milliseconds that took, its own reading not included.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct call { char kind; char *path; char *text; size_t length; };

static char buffer[65536];

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	if (read(fd, buffer, sizeof buffer) < 0)
		perror(path);
	close(fd);
}

static void write_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (write(fd, text, length) < 0)
		perror(path);
	close(fd);
}

static void read_folder(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder)
		return;
	while (readdir(folder))
		;
	closedir(folder);
}

int main(void)
{
	struct call *calls = NULL;
	size_t count = 0, room = 0, size = 0;
	char *line = NULL;
	ssize_t length;

	while ((length = getline(&line, &size, stdin)) > 2) {
		if (count == room && !(calls = realloc(calls, (room = room ? 2 * room : 1024) * sizeof *calls)))
			return 1;
		struct call *call = &calls[count++];
		call->kind = line[0];
		if (call->kind == 'w') {
			char *text = strrchr(line, ' ') + 1;
			call->text = strdup(text);
			call->length = strlen(text);
			text[-1] = '\0';
		} else {
			line[length - 1] = '\0';
		}
		call->path = strdup(line + 2);
	}

	struct timespec start, end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < count; i++) {
		switch (calls[i].kind) {
		case 'r': read_file(calls[i].path); break;
		case 'd': read_folder(calls[i].path); break;
		case 'l': if (readlink(calls[i].path, buffer, sizeof buffer) < 0) continue; break;
		case 'w': write_file(calls[i].path, calls[i].text, calls[i].length); break;
		default: return 1;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.3f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
	return 0;
}
