// The peer's first process (linux_vm.py): loads the modules in /modules in the order of their
// names, takes the congestion control and eth0's address from the kernel's command line, and
// becomes nginx. If it fails, it ends, and the kernel panics without its first process, which ends
// the machine.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void fail(const char* what) {
  perror(what);
  exit(1);
}

static int is_module(const struct dirent* entry) { return strstr(entry->d_name, ".ko") != NULL; }

static void load_modules(void) {
  struct dirent** entries = NULL;
  const int count = scandir("/modules", &entries, is_module, alphasort);
  if (count < 0 || chdir("/modules") != 0) {
    fail("/modules");
  }
  for (int i = 0; i < count; ++i) {
    const int module = open(entries[i]->d_name, O_RDONLY | O_CLOEXEC);
    if (module < 0 || syscall(SYS_finit_module, module, "", 0) != 0) {
      fail(entries[i]->d_name);
    }
    close(module);
  }
  if (chdir("/") != 0) {
    fail("/");
  }
}

// netdevice(7)
static void set_address(int control, const char* interface, unsigned long request,
                        const char* address) {
  struct ifreq setting = {0};
  strncpy(setting.ifr_name, interface, IFNAMSIZ - 1);
  struct sockaddr_in ip = {.sin_family = AF_INET};
  if (address == NULL || inet_pton(AF_INET, address, &ip.sin_addr) != 1) {
    fputs("init: address=A.B.C.D and netmask=A.B.C.D belong on the kernel's command line\n",
          stderr);
    exit(1);
  }
  memcpy(&setting.ifr_addr, &ip, sizeof ip);
  if (ioctl(control, request, &setting) != 0) {
    fail(interface);
  }
}

static void set_up(int control, const char* interface) {
  struct ifreq setting = {0};
  strncpy(setting.ifr_name, interface, IFNAMSIZ - 1);
  setting.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &setting) != 0) {
    fail(interface);
  }
}

static void write_setting(const char* path, const char* value) {
  const int setting = open(path, O_WRONLY | O_CLOEXEC);
  const ssize_t length = (ssize_t)strlen(value);
  if (setting < 0 || write(setting, value, (size_t)length) != length) {
    fail(path);
  }
  close(setting);
}

// BBR paces by the qdisc fq; without a word Linux's defaults stay. Before the interface is up: then
// it takes its qdisc.
static void choose_congestion_control(const char* name) {
  if (name == NULL) {
    return;
  }
  if (strcmp(name, "bbr") == 0) {
    write_setting("/proc/sys/net/core/default_qdisc", "fq");
  }
  write_setting("/proc/sys/net/ipv4/tcp_congestion_control", name);
}

int main(void) {
  if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) != 0 ||
      mount("proc", "/proc", "proc", 0, NULL) != 0) {
    fail("mount");
  }
  load_modules();
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) {
    fail("socket");
  }
  set_up(control, "lo");
  choose_congestion_control(getenv("congestion"));
  // The kernel passes options it doesn't know to its first process, as its environment.
  set_address(control, "eth0", SIOCSIFADDR, getenv("address"));
  set_address(control, "eth0", SIOCSIFNETMASK, getenv("netmask"));
  set_up(control, "eth0");
  close(control);
  execl("/usr/sbin/nginx", "nginx", "-e", "stderr", "-c", "/etc/nginx.conf", (char*)NULL);
  fail("/usr/sbin/nginx");
}
