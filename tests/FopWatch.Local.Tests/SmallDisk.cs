using System.Diagnostics;
using System.Globalization;

namespace FopWatch.Local.Tests;

/// <summary>
/// A file system of a few MiB that can really fill up: a tmpfs in its own mount namespace, held by a shell. It disappears with the
/// shell, which ends with its standard input and therefore with this process, however that ends.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process _shell;
    private readonly string _folder;

    private SmallDisk(Process shell, string folder) => (_shell, _folder) = (shell, folder);

    /// <summary>The mount point, visible only to processes started through <see cref="Through"/>.</summary>
    public string Folder => Path.Combine(_folder, "disk");

    /// <summary>The prefix of a command that runs in the namespace where the disk is mounted, and replaces itself with that command.</summary>
    public IReadOnlyList<string> Through =>
        ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", _shell.Id.ToString(CultureInfo.InvariantCulture), "--"];

    /// <summary>Mounts a disk, or skips the test if that is impossible.</summary>
    public static async Task<SmallDisk> MountAsync(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test needs Linux: its small disk is a tmpfs in a mount namespace.");
        var folder = Directory.CreateTempSubdirectory("fopwatch-disk-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "disk"));
        try
        {
            var shell = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--map-root-user", "--", "sh"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder,
            })!;
            var disk = new SmallDisk(shell, folder);
            try
            {
                await disk.RunAsync(string.Create(CultureInfo.InvariantCulture, $"mount -t tmpfs -o size={mebibytes}m none disk"));
                return disk;
            }
            catch (IOException)
            {
                shell.StandardInput.Close();
                var reason = await shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
                disk.Dispose();
                Assert.Skip($"A tmpfs in a mount namespace is not allowed on this machine: {reason.Trim()}");
                throw;
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Directory.Delete(folder, recursive: true);
            Assert.Skip("unshare (util-linux) is not installed.");
            throw;
        }
    }

    /// <summary>Takes some of the free space.</summary>
    public Task TakeAsync(int mebibytes) =>
        RunAsync(string.Create(CultureInfo.InvariantCulture, $"head -c {mebibytes * 1024 * 1024} /dev/zero >disk/ballast"));

    /// <summary>Takes all remaining space, to the last byte.</summary>
    public Task TakeAllAsync() => RunAsync("! cat /dev/zero >>disk/ballast 2>/dev/null");

    /// <summary>Releases all but some of the taken space.</summary>
    public Task GiveBackAsync(int butMebibytes = 0) =>
        RunAsync(string.Create(CultureInfo.InvariantCulture, $"truncate -s {butMebibytes}M disk/ballast"));

    /// <summary>Copies its files to a folder outside the namespace.</summary>
    /// <returns>The folder, which is deleted with the disk.</returns>
    public async Task<string> CopyAsync()
    {
        await RunAsync("rm -rf copy && cp -R disk copy");
        return Path.Combine(_folder, "copy");
    }

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(string command)
    {
        await _shell.StandardInput.WriteLineAsync($"if {command}; then echo done; else echo failed; fi");
        await _shell.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        if (await _shell.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) != "done")
            throw new IOException($"This command failed on the small disk: {command}");
    }
}
