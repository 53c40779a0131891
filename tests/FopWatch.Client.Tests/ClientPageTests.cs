using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Client.Tests;

/// <summary>Runs each program of docs/clients.md, taken from the page, against a host whose connections are cut. The Java program is compiled at its start.</summary>
public sealed class ClientPageTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 300_000)]
    [InlineData("bash", "client.sh", "bash", "curl")]
    [InlineData("python", "client.py", "python3", "python3")]
    [InlineData("js", "client.mjs", "node", "node")]
    [InlineData("java", "FopWatch.java", "java", "java")]
    [InlineData("go", "client.go", "go run", "go")]
    [InlineData("php", "client.php", "php", "php")]
    public async Task A_program_registers_waits_lists_and_follows_with_a_cursor(string language, string file, string program, string needs)
    {
        Assert.SkipUnless(IsOnPath(needs), $"{needs} is not on the PATH: the client in {language} was not run.");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), Sample(language), Cancelled);
        string[] command = [.. program.Split(' '), file];

        await UseAsync(folder.FullName, command);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_program_in_CSharp_registers_waits_lists_and_follows_with_a_cursor()
    {
        using var project = await ReadersProject.BuildAsync(ReadersProject.FirstBlockOf("clients.md"));
        using var folder = new TempFolder();
        await UseAsync(folder.FullName, ["dotnet", project.Program]);
    }

    [Theory(Timeout = 300_000)]
    [InlineData("bash", "client.sh", "bash", "curl")]
    [InlineData("python", "client.py", "python3", "python3")]
    [InlineData("js", "client.mjs", "node", "node")]
    [InlineData("java", "FopWatch.java", "java", "java")]
    [InlineData("go", "client.go", "go run", "go")]
    [InlineData("php", "client.php", "php", "php")]
    public async Task A_mistyped_command_line_is_answered_with_the_usage(string language, string file, string program, string needs)
    {
        Assert.SkipUnless(IsOnPath(needs), $"{needs} is not on the PATH: the client in {language} was not run.");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), Sample(language), Cancelled);

        // "go run" ends with 1 and says the program's exit code.
        await MistypeAsync(folder.FullName, [.. program.Split(' '), file], language == "go" ? 1 : 2);
    }

    [Fact(Timeout = 300_000)]
    public async Task The_program_in_CSharp_says_what_is_wrong_in_one_line_of_standard_error()
    {
        using var project = await ReadersProject.BuildAsync(ReadersProject.FirstBlockOf("clients.md"));
        using var folder = new TempFolder();
        await MistypeAsync(folder.FullName, ["dotnet", project.Program], 2);
        await using var host = await RunningHost.StartAsync(apiKey: "0123456789abcdef");

        await EndsAsync("z0.1\n", "not an id: 'id' is not 1 to 128 of A-Z", host.Host.Url.AbsoluteUri, "0123456789abcdef", "register", "media", "z0.1", "not an id");
        await EndsAsync("", "z0.1: 'source' is 'medai', which is not the name of a configured source", host.Host.Url.AbsoluteUri, "0123456789abcdef", "register", "medai", "z0.1");
        await EndsAsync("", "Not found. There is no job with this source and id", host.Host.Url.AbsoluteUri, "0123456789abcdef", "wait", "media", "z0.2");
        foreach (var command in (string[][])[["register", "media", "z0.1"], ["wait", "media", "z0.1"], ["list", "waiting"], ["follow", "cursor"]])
            await EndsAsync("", "", host.Host.Url.AbsoluteUri, "another-key-of-16", command);
        foreach (var url in (string[])["127.0.0.1:7471", "localhost:7071", "ftp://localhost"])
            await EndsAsync("", $"FOPWATCH_URL is not an http or https URL: {url}", url, "", "list", "waiting");
        await EndsAsync("", "ApiKey is empty", host.Host.Url.AbsoluteUri, " ", "list", "waiting");

        async Task EndsAsync(string output, string error, string url, string key, params string[] arguments)
        {
            await using var run = new Running(folder.FullName, url, ["dotnet", project.Program, .. arguments], key);
            var (written, errors, exit) = await run.FinishAsync();
            Assert.Equal((output, 1), (written, exit));
            var line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.StartsWith(error, line, StringComparison.Ordinal);
            Assert.InRange(line.Length, 10, 300);
        }
    }

    [Fact(Timeout = 300_000)]
    public async Task The_first_sample_of_the_READMEs_is_a_whole_program()
    {
        using var project = await ReadersProject.BuildAsync(ReadersProject.FirstBlockOf("README.md"));
        Assert.True(File.Exists(project.Program));
    }

    private static async Task MistypeAsync(string folder, string[] command, int expected)
    {
        foreach (var wrong in (string[][])[[], ["regster", "media", "z0.1"], ["register", "media"], ["wait", "media"], ["wait", "media", "z0.1", "z0.2"], ["list"], ["follow"]])
        {
            await using var run = new Running(folder, "http://127.0.0.1:9", [.. command, .. wrong]);
            var (output, errors, exit) = await run.FinishAsync();
            Assert.Equal(("", "usage: register SOURCE ID... | wait SOURCE ID | list STATE | follow FILE", expected), (output, errors.Split('\n')[0], exit));
        }
    }

    [Theory(Timeout = 300_000)]
    [InlineData("bash", "client.sh", "bash", "curl")]
    [InlineData("python", "client.py", "python3", "python3")]
    [InlineData("js", "client.mjs", "node", "node")]
    [InlineData("java", "FopWatch.java", "java", "java")]
    [InlineData("go", "client.go", "go run", "go")]
    [InlineData("php", "client.php", "php", "php")]
    public async Task A_single_small_event_is_shown_at_once(string language, string file, string program, string needs)
    {
        Assert.SkipUnless(IsOnPath(needs), $"{needs} is not on the PATH: the client in {language} was not run.");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), Sample(language), Cancelled);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        await using var following = new Running(
            folder.FullName, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", [.. program.Split(' '), file, "follow", "cursor"]);
        using var connection = await listener.AcceptTcpClientAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromMinutes(4), Cancelled);
        const string Settled = """
            {"specversion":"1.0","id":"e1","type":"fopwatch.job.settled","source":"/fopwatch/media","data":{"source":"media","id":"z0.1","provider":"qiniu","state":"succeeded","settled":true,"version":1}}
            """;
        const string Text = $"id: 7-abc\nevent: fopwatch.job.settled\ndata: {Settled}\n\n";
        await SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        await Task.Delay(500, Cancelled);
        await SendAsync($"{Encoding.UTF8.GetByteCount(Text):x}\r\n{Text}\r\n");

        // The connection stays open, and nothing follows. A program that waits for more shows the event only at its read timeout, after 45 s.
        await Eventually.HoldsAsync(() => following.Output.Contains("z0.1 succeeded", StringComparison.OrdinalIgnoreCase), TimeSpan.FromSeconds(25));

        ValueTask SendAsync(string text) => connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text), Cancelled);
    }

    private static async Task UseAsync(string folder, string[] command)
    {
        await using var host = await RunningHost.StartAsync();
        await using var proxy = new CuttingProxy(host.Host.Url);

        // What cannot be registered now is registered later.
        var url = host.Host.Url;
        await host.StopAsync();
        await using (var registering = Run("register", "media", "z0.1", "z0.2"))
        {
            // Some languages compile the program and their libraries first.
            await Eventually.HoldsAsync(() => proxy.Accepted > 0, TimeSpan.FromMinutes(4));
            await host.RestartAsync();
            proxy.Host = host.Host.Url;
            Assert.Equal(("z0.1\nz0.2\n", 0), await registering.EndAsync());
        }

        await using (var waiting = Run("wait", "media", "z0.1"))
        {
            var before = proxy.Accepted;
            await Eventually.HoldsAsync(() => proxy.Accepted > before && proxy.Open > 0);
            proxy.CutAll();
            await NotifyAsync("z0.1");
            Assert.Equal(("succeeded\n", 0), await waiting.EndAsync());
        }

        // More than one page.
        using var client = HostTests.ClientOf(host);
        await client.RegisterManyAsync([.. Enumerable.Range(100, 150).Select(n => new JobRegistration { Source = "video", Id = $"v.{n}" })], Cancelled);
        await using (var listing = Run("list", "waiting"))
        {
            var (output, exit) = await listing.EndAsync();
            Assert.Equal((151, 0), (output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count(line => line.EndsWith(" waiting", StringComparison.OrdinalIgnoreCase)), exit));
        }

        await using (var following = Run("follow", "cursor"))
        {
            await following.UntilAsync("z0.1 succeeded");
            proxy.CutAll();
            await NotifyAsync("z0.3");
            await following.UntilAsync("z0.3 succeeded");

            // The cursor is kept after the event was dealt with.
            await Eventually.HoldsAsync(() => ReadCursor() > 1);
        }

        await NotifyAsync("z0.4");
        await using (var again = Run("follow", "cursor"))
        {
            await again.UntilAsync("z0.4 succeeded");
            Assert.DoesNotContain("z0.1 ", again.Output, StringComparison.Ordinal);
        }

        // The cursors of the first and the third job's events differ.
        long ReadCursor() => File.Exists(Path.Combine(folder, "cursor")) && File.ReadAllText(Path.Combine(folder, "cursor")).Split('-') is [var place, ..] && long.TryParse(place, out var read) ? read : 0;

        Running Run(params string[] arguments) => new(folder, proxy.Url.AbsoluteUri.TrimEnd('/'), [.. command, .. arguments]);

        async Task NotifyAsync(string id)
        {
            using var answer = await host.NotifyAsync("media", $$"""{"id":"{{id}}","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}""");
            Assert.Equal(200, (int)answer.StatusCode);
        }
    }

    private static string Sample(string language)
    {
        using var page = new StreamReader(typeof(ClientPageTests).Assembly.GetManifestResourceStream("clients.md")!);
        return Regex.Match(page.ReadToEnd().ReplaceLineEndings("\n"), $"```{language}\n(.*?)```\n", RegexOptions.Singleline).Groups[1].Value;
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private sealed class Running : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();
        private readonly StringBuilder _errors = new();

        public Running(string folder, string url, string[] command, string? key = null)
        {
            var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
            start.Environment["FOPWATCH_URL"] = url;
            if (key is { Length: > 0 })
                start.Environment["FOPWATCH_API_KEY"] = key;
            start.Environment["NO_PROXY"] = start.Environment["no_proxy"] = "127.0.0.1";
            start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
            _process = Process.Start(start)!;
            _process.StandardInput.Close();
            _process.OutputDataReceived += (_, line) => Add(_output, line.Data);
            _process.ErrorDataReceived += (_, line) => Add(_errors, line.Data);
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Output
        {
            get
            {
                lock (_output)
                    return _output.ToString();
            }
        }

        public async Task<(string Output, int Exit)> EndAsync()
        {
            var (output, errors, exit) = await FinishAsync();
            if (exit != 0)
                Assert.Fail($"The program ended with exit code {exit}:\n{output}\n{errors}");
            return (output.ToLowerInvariant(), exit);
        }

        public async Task<(string Output, string Errors, int Exit)> FinishAsync()
        {
            try
            {
                await _process.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(120), Cancelled);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"The program is still running:\n{Output}\n{_errors}");
            }

            return (Output, _errors.ToString(), _process.ExitCode);
        }

        public Task UntilAsync(string text) => Eventually.HoldsAsync(
            () => Output.Contains(text, StringComparison.OrdinalIgnoreCase) || (_process.HasExited ? throw new InvalidOperationException($"It ended:\n{_errors}") : false),
            TimeSpan.FromSeconds(90));

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        private static void Add(StringBuilder text, string? line)
        {
            if (line is null)
                return;
            lock (text)
                text.Append(line).Append('\n');
        }
    }
}
