using System.Diagnostics;
using System.Globalization;

namespace FopWatch.Local.Tests;

/// <summary>
/// A file system of a few MiB that can really get full: a tmpfs in a mount namespace of its own, held by a shell. It is gone when the
/// shell is, which ends with its standard input and hence with this process, however that ends.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process _shell;
    private readonly string _folder;

    private SmallDisk(Process shell, string folder) => (_shell, _folder) = (shell, folder);

    /// <summary>Where it is mounted: for processes that are started through <see cref="Through"/>, and nobody else.</summary>
    public string Folder => Path.Combine(_folder, "disk");

    /// <summary>A command that runs the one that follows where the disk is to be seen, and leaves nothing of itself.</summary>
    public IReadOnlyList<string> Through =>
        ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", _shell.Id.ToString(CultureInfo.InvariantCulture), "--"];

    /// <summary>Mounts one, or skips the test where that is not to be had.</summary>
    public static async Task<SmallDisk> MountAsync(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A disk of a few MiB is a tmpfs in a mount namespace of its own, which Linux has.");
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
                Assert.Skip($"A tmpfs in a mount namespace of its own is not allowed here: {reason.Trim()}");
                throw;
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Directory.Delete(folder, recursive: true);
            Assert.Skip("There is no unshare (util-linux) here.");
            throw;
        }
    }

    /// <summary>Takes some of the room away.</summary>
    public Task TakeAsync(int mebibytes) =>
        RunAsync(string.Create(CultureInfo.InvariantCulture, $"head -c {mebibytes * 1024 * 1024} /dev/zero >disk/ballast"));

    /// <summary>Takes all the room away that is left. Returns when there is not a byte.</summary>
    public Task TakeAllAsync() => RunAsync("! cat /dev/zero >>disk/ballast 2>/dev/null");

    /// <summary>Gives back what was taken, but for some.</summary>
    public Task GiveBackAsync(int butMebibytes = 0) =>
        RunAsync(string.Create(CultureInfo.InvariantCulture, $"truncate -s {butMebibytes}M disk/ballast"));

    /// <summary>Copies the files on it to a folder that everybody sees.</summary>
    /// <returns>The folder; it is deleted with the disk.</returns>
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
            throw new IOException($"On the small disk, this failed: {command}");
    }
}
