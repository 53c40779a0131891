using System.Globalization;
using System.Security.Cryptography;
using FopWatch.Diagnosis;
using FopWatch.Sqlite;
using FopWatch.Wording;

namespace FopWatch.Local.Examining;

/// <summary>Examines the data folder: whether it is writable, its free space and its file system.</summary>
/// <param name="folder">The folder.</param>
/// <param name="isOfHost">Whether the host itself examines its folder. Anybody else may lack permissions that the host has.</param>
internal sealed class DataFolderCheck(string folder, bool isOfHost) : IDoctorCheck
{
    /// <summary>With less free space, the host may refuse notifications within minutes.</summary>
    private const long LeastFree = 64 << 20;

    /// <summary>With less free space, the log of a busy hour may not fit.</summary>
    private const long LittleFree = 1L << 30;

    private static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(500);

    private static readonly string[] OfNetworks = ["nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afpfs", "fuse.sshfs", "ceph", "glusterfs", "fuse.glusterfs", "lustre"];

    private static readonly string[] InMemory = ["tmpfs", "ramfs"];

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.DataFolder, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>(Examine()))];

    /// <summary>What to do about missing permissions.</summary>
    internal static readonly Sentence AsHost = $"Run the doctor as the user of the host. If it was, check the owner and mode of the folder and its files.";

    private static DoctorFinding Skipped => Finding(DoctorLevel.Skipped, $"The data folder was not examined: this user has no permission to use it.", fix: AsHost);

    internal static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why = null, Sentence? fix = null) =>
        new() { Check = DoctorCheck.DataFolder, Level = level, What = what, Why = why, Fix = fix };

    internal static DoctorFinding? OfRoom(long free) => free >= LittleFree ? null : Finding(
        free < LeastFree ? DoctorLevel.Trouble : DoctorLevel.Warning,
        $"The disk of the data folder has {Size(free)} free.",
        $"On a full disk, notifications and registrations are answered 503, and providers give up after minutes or hours.",
        $"Free disk space, or lower FopWatch:Retention.");

    internal static DoctorFinding? OfFileSystem(string name)
    {
        if (OfNetworks.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return Finding(
                DoctorLevel.Trouble, $"The data folder is on a network file system ({name}).",
                $"SQLite's write-ahead log needs shared memory and reliable locks. A network file system can damage the database.",
                $"Move the data folder to a local disk.");
        }

        return InMemory.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? Finding(
                DoctorLevel.Warning, $"The data folder is in memory ({name}).", $"All jobs are lost when the machine or the container restarts.", $"Move the data folder to a disk or a volume.")
            : null;
    }

    /// <summary>A size with its unit.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0} GiB"),
    };

    private List<DoctorFinding> Examine()
    {
        try
        {
            // A folder below one that may not be entered seems to be missing.
            if (!isOfHost && DataFolder.HasDatabase(folder) is null)
                return [Skipped];
        }
        catch (StoreOpenException)
        {
            return [Finding(DoctorLevel.Trouble, $"The data folder cannot be read: the file system reports an error.", $"The host cannot use it.", $"Check the disk, and links in the path of the folder.")];
        }

        if (!Directory.Exists(folder))
        {
            return File.Exists(folder)
                ? [Finding(DoctorLevel.Trouble, $"The data folder is a file.", $"The host cannot start.", $"Give another folder as --data.")]
                : [Finding(DoctorLevel.Info, $"The data folder does not exist. The host creates it when it starts.")];
        }

        var took = TryWrite(out var problem);
        if (problem is not null)
            return [problem];

        var found = new List<DoctorFinding>();
        var (free, system) = Disk();
        if (free is { } room && OfRoom(room) is { } little)
            found.Add(little);
        if (system is not null && OfFileSystem(system) is { } doubtful)
            found.Add(doubtful);
        if (took > SlowSync)
        {
            found.Add(Finding(
                DoctorLevel.Warning, $"Writing a small file durably to the disk took {took.TotalMilliseconds:0} ms.",
                $"A notification is answered only once it is durable, so a slow disk limits throughput.", $"Check what else uses the disk, or move the data folder to a faster one."));
        }

        if (DataFolder.OpenToOthers(folder) is { Count: > 0 } open)
        {
            found.Add(Finding(
                DoctorLevel.Warning,
                $"Other users of this machine can access {Sentence.Join(open.Select<string, Sentence>(path => path == Path.GetFullPath(folder) ? (Sentence)$"the data folder" : (Sentence)$"{Path.GetFileName(path)}"), ", ")}.",
                $"The database holds ids, metadata, and notifications with secrets in them.", $"Restrict the folder (chmod 700) and its files (chmod 600) to the user of the host."));
        }

        if (found.Count > 0)
            return found;
        Sentence writable = system is null
            ? (Sentence)$"The data folder is writable. A small file was durable within {took.TotalMilliseconds:0} ms."
            : (Sentence)$"The data folder is writable ({system}). A small file was durable within {took.TotalMilliseconds:0} ms.";
        return [Finding(DoctorLevel.Pass, free is { } left ? (Sentence)$"{writable} The disk has {Size(left)} free." : writable)];
    }

    private TimeSpan TryWrite(out DoctorFinding? problem)
    {
        var path = Path.Combine(folder, $"doctor-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp");
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(new byte[4096]);
            file.Flush(flushToDisk: true);
            problem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e is UnauthorizedAccessException && !isOfHost ? Skipped : Finding(
                DoctorLevel.Trouble,
                e is UnauthorizedAccessException ? (Sentence)$"This user has no permission to write to the data folder." : (Sentence)$"The data folder is not writable: the disk may be full or read-only.",
                $"The host can accept no notification and no registration.",
                $"Check the owner and mode of the folder, the free space on its disk, and whether the disk is mounted read-only.");
        }

        return TimeProvider.System.GetElapsedTime(began);
    }

    private (long? Free, string? FileSystem) Disk()
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(folder));
            return (drive.AvailableFreeSpace, drive.DriveFormat);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (null, null);
        }
    }
}
