using System.Text;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>Commands whose output cannot be written.</summary>
public sealed class FailingOutputTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData("--help")]
    [InlineData("plan", "--ages", "-")]
    [InlineData("decode", "-")]
    [InlineData("track", "media", "z0.1", "--url")]
    [InlineData("track", "media", "z0.1", "--wait", "--timeout", "00:00:01", "--url")]
    [InlineData("watch", "--from", "start", "--url")]
    [InlineData("plan", "--json", "--url")]
    [InlineData("jobs", "list", "--url")]
    [InlineData("jobs", "show", "media", "z0.1", "--url")]
    [InlineData("quarantine", "list", "--json", "--url")]
    public async Task Every_command_ends_with_one_line_and_its_exit_code(params string[] args)
    {
        await using var host = await RunningHost.StartAsync();
        using (await host.NotifyAsync("media", """{"id":"z0.1","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}"""))
        using (await host.NotifyAsync("media", """{"no":"job"}"""))
        {
        }

        var error = new StringWriter();
        var input = args[0] == "decode" ? """{"id":"z0.1","code":0,"items":[]}""" : "10\n20\n";
        var terminal = new Terminal(() => new MemoryStream(Encoding.UTF8.GetBytes(input)), new FullDisk(), error, TimeProvider.System, isLive: false, errorIsLive: false);
        var exit = await Cli.RunAsync(args[^1] == "--url" ? [.. args, host.Host.Url.AbsoluteUri] : args, terminal, Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        Assert.Equal(ExitCodes.OutputFailed, exit);
        Assert.Equal("The output cannot be written: No space left.", error.ToString().TrimEnd().Split('\n')[^1]);
        Assert.DoesNotContain("   at ", error.ToString(), StringComparison.Ordinal);
    }

    [Theory(Timeout = 180_000)]
    [InlineData("plan --ages ages.txt > /dev/full", "No space left on device")]
    [InlineData("plan --ages ages.txt >&-", "")]
    [InlineData("--help >&-", "")]
    [InlineData("plan --ages ages.txt | (exec <&-; sleep 3)", "Broken pipe")]
    public async Task The_program_reports_a_full_disk_a_closed_output_and_a_broken_pipe(string command, string why)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test needs /dev/full and a shell.");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "ages.txt"), "10\n20\n30\n", Cancelled);
        var script = $"set -o pipefail; exec 3>&1; fopwatch() {{ dotnet '{typeof(Local.Hosting.LocalHost).Assembly.Location}' \"$@\"; }}; fopwatch {command}";

        var (exit, _, error) = await CommandProcess.RunAsync(folder.FullName, [], "bash", ["-c", script]);

        Assert.Equal(ExitCodes.OutputFailed, exit);
        Assert.StartsWith("The output cannot be written: " + why, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact(Timeout = 180_000)]
    public async Task Errors_that_cannot_be_written_do_not_change_the_exit_code()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test needs /dev/full and a shell.");
        using var folder = new TempFolder();
        var script = $"dotnet '{typeof(Local.Hosting.LocalHost).Assembly.Location}' plan --url http://127.0.0.1:9 2> /dev/full";

        var (exit, output, _) = await CommandProcess.RunAsync(folder.FullName, [], "bash", ["-c", script]);

        Assert.Equal((ExitCodes.Unreachable, ""), (exit, output));
    }

    private sealed class FullDisk : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left.");

        public override void Write(char[] buffer, int index, int count) => throw new IOException("No space left.");

        public override void Write(string? value) => throw new IOException("No space left.");

        public override void WriteLine(string? value) => throw new IOException("No space left.");
    }
}
