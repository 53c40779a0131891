using System.Net;
using System.Net.Sockets;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>The real program when it cannot serve: it ends, with one line that says why.</summary>
public sealed class ServeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_empty_data_folder_is_wrong_usage() =>
        Assert.StartsWith("A setting is wrong: --data is empty", await RefusedAsync(ExitCodes.Refused, "--data", ""), StringComparison.Ordinal);

    [Fact]
    public async Task An_empty_settings_file_name_is_wrong_usage() =>
        Assert.StartsWith("A setting is wrong: --config is empty", await RefusedAsync(ExitCodes.Refused, "--config", ""), StringComparison.Ordinal);

    [Fact]
    public async Task An_unreadable_settings_file_is_named_without_framework_wording()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has a file that no process can read from the start.");
        Assert.Equal(
            "A setting is wrong: /proc/self/mem cannot be read: the file system reports an error",
            await RefusedAsync(ExitCodes.Refused, "--config", "/proc/self/mem"));
    }

    [Fact]
    public async Task A_line_break_in_a_file_name_does_not_break_the_message()
    {
        var file = Path.Combine(_folder.FullName, "a\nb");
        Assert.EndsWith("a\\nb: there is no such file", await RefusedAsync(ExitCodes.Refused, "--config", file), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "", Cancelled);
        Assert.Contains("a\\nb' is not writable", await RefusedAsync(ExitCodes.Unreachable, "--data", file, "--urls", "http://127.0.0.1:0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_named_with_valid_alternatives()
    {
        var said = await RefusedAsync(ExitCodes.Unreachable, "--data", _folder.FullName, "--urls", "http://203.0.113.1:5000");
        Assert.Equal(
            "--urls: cannot listen on http://203.0.113.1:5000: that is not an address of this machine. "
            + "Give one of its addresses, or http://0.0.0.0:PORT for all of them.",
            said);
    }

    [Theory]
    [InlineData("127.0.0.1", "")]
    [InlineData("localhost", "")]
    [InlineData("127.0.0.1", "http://127.0.0.1:0;")]
    public async Task A_port_in_use_is_named(string name, string others)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://{name}:{((IPEndPoint)other.LocalEndpoint).Port}";

        var said = await RefusedAsync(ExitCodes.Unreachable, "--data", _folder.FullName, "--urls", others + url);

        Assert.Equal($"--urls: cannot listen on {url}: another program already listens there. Stop it, or choose another port.", said);
    }

    [Theory]
    [InlineData("http://127.0.0.1:PORT")]
    [InlineData("http://localhost:PORT")]
    [InlineData("http://0.0.0.0:PORT")]
    [InlineData("http://[::]:PORT")]
    [InlineData("http://127.0.0.1:0;http://127.0.0.1:PORT")]
    [InlineData("http://203.0.113.1:PORT")]
    public async Task A_first_start_that_cannot_listen_leaves_no_data_folder(string urls)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var folder = Path.Combine(_folder.FullName, "new");
        urls = urls.Replace("PORT", $"{((IPEndPoint)other.LocalEndpoint).Port}", StringComparison.Ordinal);

        var said = await RefusedAsync(ExitCodes.Unreachable, "--data", folder, "--urls", urls);

        Assert.StartsWith($"--urls: cannot listen on {urls.Split(';')[^1]}: ", said, StringComparison.Ordinal);
        Assert.False(Path.Exists(folder));
    }

    [Fact]
    public async Task A_data_folder_that_is_not_a_folder_is_named()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var said = await RefusedAsync(ExitCodes.Unreachable, "--data", file, "--urls", "http://127.0.0.1:0");

        Assert.StartsWith($"The data folder '{file}' is not writable", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SocketError.AccessDenied, "this user has no permission")]
    [InlineData(SocketError.AddressFamilyNotSupported, "no addresses of that family")]
    [InlineData(SocketError.NoBufferSpaceAvailable, "free port")]
    public void Every_other_failure_to_listen_is_explained_wrapped_or_not(SocketError error, string words)
    {
        var failure = new SocketException((int)error);
        Assert.Contains(words, ListenException.Of(failure, "http://127.0.0.1:80")!.Message, StringComparison.Ordinal);
        Assert.Contains(words, ListenException.Of(new IOException("wrapped", failure), "http://127.0.0.1:80")!.Message, StringComparison.Ordinal);
        Assert.Contains(
            "one of http://[::1]:80;http://127.0.0.1:80",
            ListenException.Of(failure, "http://[::1]:80;http://127.0.0.1:80")!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_unrelated_failure_is_not_reported_as_a_failure_to_listen() =>
        Assert.Null(ListenException.Of(new IOException("disk"), "http://127.0.0.1:80"));

    /// <summary>Runs <c>serve</c> to its end, and returns its one line of output, which is on standard error only.</summary>
    private async Task<string> RefusedAsync(int exit, params string[] options)
    {
        var ended = await CommandProcess.RunAsync(_folder.FullName, new() { ["FopWatch__ApiKey"] = "0123456789abcdef" }, ["serve", .. options]);
        Assert.Equal("", ended.Output);
        Assert.Equal(exit, ended.Exit);
        return Assert.Single(ended.Error.TrimEnd().Split('\n')).TrimEnd();
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;
}
