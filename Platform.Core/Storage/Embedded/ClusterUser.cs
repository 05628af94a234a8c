using System.Diagnostics;
using System.Globalization;

namespace Platform.Core.Storage.Embedded;

/// <summary>The user of the system that the server runs as: ourselves, or an ordinary user when we are root, since PostgreSQL refuses root.</summary>
internal sealed record ClusterUser(string Name, uint Uid, uint Gid)
{
    /// <exception cref="EmbeddedPostgresException">Root finds no ordinary user, or util-linux is missing.</exception>
    public static ClusterUser For(string cluster)
    {
        foreach (var program in (string[])["setpriv", "setsid"])
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))))
                throw new EmbeddedPostgresException($"The program {program} is missing: on Debian run 'apt install util-linux'.");
        }
        if (Libc.EffectiveUser != 0)
            return new(Environment.UserName, Libc.EffectiveUser, Libc.EffectiveGroup);

        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length >= 4)
            .Select(fields => new ClusterUser(fields[0], uint.Parse(fields[2], CultureInfo.InvariantCulture), uint.Parse(fields[3], CultureInfo.InvariantCulture)))
            .ToList();
        // Data that exist keep their user: one made before Portico ran as root, or before the machine had a user postgres.
        if (Libc.Look(cluster) is { Uid: not 0 } data)
            return users.Find(user => user.Uid == data.Uid) ?? new(data.Uid.ToString(CultureInfo.InvariantCulture), data.Uid, data.Gid);
        return users.Find(user => user.Name == "postgres") ?? users.Find(user => user.Name == "nobody")
            ?? throw new EmbeddedPostgresException("PostgreSQL does not run as root and this machine has neither a user postgres nor nobody: run 'adduser --system postgres'.");
    }

    /// <summary>The program as this user, in a session of its own, killed with <paramref name="deathSignal"/> when the host dies.</summary>
    public ProcessStartInfo Command(string deathSignal, string program, params IEnumerable<string> arguments)
    {
        // A session of its own: Ctrl-C at the terminal reaches the host alone, which then stops the server in its own order.
        // The shell closes a gap: a host that died before setpriv asked for the signal would never cause it.
        var command = new ProcessStartInfo("setsid") { WorkingDirectory = "/" };
        command.ArgumentList.Add("setpriv");
        if (Libc.EffectiveUser == 0)
        {
            command.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--reuid={Uid}"));
            command.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--regid={Gid}"));
            command.ArgumentList.Add("--clear-groups");
        }
        foreach (var part in (string[])["--pdeathsig", deathSignal, "--", "sh", "-c", """[ "$PPID" = "$0" ] || exit 70; exec "$@" """,
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture), program])
            command.ArgumentList.Add(part);
        foreach (var argument in arguments)
            command.ArgumentList.Add(argument);

        // The host's environment may hold secrets, and PG* variables that mean another server.
        command.Environment.Clear();
        command.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        command.Environment["LC_ALL"] = "C.UTF-8";
        return command;
    }

    /// <summary>Makes sure that this user can pass through every folder on the way to <paramref name="path"/>, as far as it exists.</summary>
    /// <exception cref="EmbeddedPostgresException">Names the folder that bars the way.</exception>
    public async Task CheckReach(string path, string what, CancellationToken stop)
    {
        var way = new Stack<string>();
        for (var folder = path; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            // What looks absent may only be hidden from us; the nearest visible parent then bars the way.
            if (Directory.Exists(folder))
                way.Push(folder);
        }
        // The kernel is asked, not the permission bits: access lists and security modules count too.
        var (code, output) = await ChildProcess.Run(
            Command("KILL", "sh", ["-c", """for folder; do [ -x "$folder" ] || { printf %s "$folder"; exit 9; }; done""", "sh", .. way]), stop);
        if (code == 9)
        {
            throw new EmbeddedPostgresException(Libc.EffectiveUser == 0
                ? $"{what} {path} cannot be reached by the user {Name}, as whom PostgreSQL runs because Portico runs as root: the folder {output} lets no other user pass. "
                  + $"Choose a folder outside of it, such as /var/lib/portico, or run Portico as an ordinary user."
                : $"{what} {path} cannot be reached by the user {Name}: the folder {output} does not let it pass. Choose another folder.");
        }
        if (code != 0)
            throw new EmbeddedPostgresException($"Programs cannot be run as the user {Name} on this machine (exit code {code}): {output.Trim()}");
    }

    /// <summary>Makes sure that a folder exists, belongs to this user and is closed to all others.</summary>
    /// <remarks>A folder that was there before is never given another owner or other rights: it may be /tmp, or another server's.</remarks>
    /// <exception cref="EmbeddedPostgresException">Something else stands there.</exception>
    public void EnsurePrivate(string folder)
    {
        Libc.MakeFolder(folder, Libc.OwnerOnly);
        // Root's own, closed and empty: made just now, or by a host that was killed before it could give it away.
        if (Libc.Look(folder, followLinks: false) is { IsFolder: true, Uid: 0, Permissions: Libc.OwnerOnly } && Uid != 0 && Libc.EffectiveUser == 0
            && !Directory.EnumerateFileSystemEntries(folder).Any())
            Libc.SetOwner(folder, Uid, Gid);
        CheckPrivate(folder);
    }

    /// <summary>Refuses a folder that somebody else made or may enter, or a link: in a place open to all, such as /tmp, it would hand our connections to a stranger.</summary>
    public void CheckPrivate(string folder)
    {
        if (Libc.Look(folder, followLinks: false) is not { } facts)
            throw new EmbeddedPostgresException($"{folder} vanished while it was being used: start again.");
        if (!facts.IsFolder || facts.Uid != Uid || facts.Permissions != Libc.OwnerOnly)
        {
            throw new EmbeddedPostgresException(
                $"{folder} must be a folder of the user {Name}, closed to all others (mode 0700), and is not: remove it if you know why it is there, or choose another data or socket folder.");
        }
    }
}
