using System.CommandLine;
using System.CommandLine.Help;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FopWatch.Api;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>Every option and argument of every command with every kind of wrong value: each gets an error message.</summary>
public sealed class WrongInputTests : IDisposable
{
    private static readonly string[] Values =
    [
        "", " ", "abc", "3.5", "-1", "0", "99999999999999999999", "NaN", "1e400", "null", "\u202E数据😀", "a\nb\u001B[31m", "--", "-", "@/no/such/file",
        "/", "/dev/null", "/no/such/file", "http://", "http://[::1", "ftp://127.0.0.1", "http://u:p@127.0.0.1:1", "http://127.0.0.1:99999",
        "http://127.0.0.1:1/?q", "http://127.0.0.1:1#f", "31.00:00:00", "-00:00:01", "24:00:00", "a=b=c", "=", "X: y", ":", "\0", "start", "media",
        "http://" + new string('x', 70_000), new('9', 100_000),
    ];

    private readonly TempFolder _folder = new();
    private readonly HttpListener _refusing = new();
    private readonly TcpListener _occupied = new(IPAddress.Loopback, 0);
    private readonly string _url;

    public WrongInputTests()
    {
        _occupied.Start();
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        _url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
        free.Stop();
        _refusing.Prefixes.Add(_url);
        _refusing.Start();
        _ = RefuseAsync();
        File.WriteAllText(Path.Combine(_folder.FullName, "body"), """{"id": "a", "code": 0, "items": []}""");
        File.WriteAllText(Path.Combine(_folder.FullName, "ids"), "a\n");
        File.WriteAllText(Path.Combine(_folder.FullName, "ages"), "60\n");
        File.WriteAllText(
            Path.Combine(_folder.FullName, "config"),
            """{"FopWatch": {"Sources": {"media": {"Provider": "Qiniu", "NotifyTokens": ["abcdefgh"]}}}}""");
    }

    /// <summary>Command and option. An argument is identified by its name, the root command by an empty one.</summary>
    public static TheoryData<string, string> Inputs
    {
        get
        {
            var inputs = new TheoryData<string, string>();
            var root = Cli.Create(Terminal.OfProcess());
            foreach (var (name, command) in root.Subcommands.SelectMany(command => Commands(command.Name, command)))
            {
                // A data folder would be created in the working directory: see below.
                foreach (var option in command.Options.Where(option => option is not HelpOption and not VersionOption and not { Name: "--data" }))
                    inputs.Add(name, option.Name);
                foreach (var argument in command.Arguments)
                    inputs.Add(name, argument.Name);
            }

            foreach (var option in root.Options.Where(option => option is not HelpOption and not VersionOption and not { Name: "--data" }))
                inputs.Add("", option.Name);
            return inputs;
        }
    }

    private static IEnumerable<(string Name, Command Command)> Commands(string name, Command command) =>
        command.Subcommands.Count == 0 ? [(name, command)] : command.Subcommands.SelectMany(one => Commands($"{name} {one.Name}", one));

    public void Dispose()
    {
        _refusing.Close();
        _occupied.Stop();
        _folder.Dispose();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Inputs))]
    public async Task No_wrong_value_ends_in_an_exception(string command, string input)
    {
        var isOption = input.StartsWith('-');
        var others = Others(command, input);
        List<string[]> lines =
        [
            .. Values.Select<string, string[]>(value => isOption ? [.. others, input, value] : [.. others, value]),
            .. Values.Where(_ => isOption).Select<string, string[]>(value => [.. others, $"{input}={value}"]),
        ];
        if (isOption)
        {
            lines.Add([.. others, input]);
            lines.Add([.. others, input, "a", input, "b"]);
            lines.Add([.. others, input, "--help"]);
        }

        foreach (var line in lines)
            await ExplainsAsync(line);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--nosuch", "")]
    [InlineData("nosuch", "")]
    [InlineData("serve", "extra")]
    [InlineData("serve", "--nosuch")]
    [InlineData("demo", "--nosuch")]
    [InlineData("demo", "--jobs")]
    [InlineData("track", "")]
    [InlineData("track", "--nosuch")]
    [InlineData("decode", "")]
    [InlineData("decode", "--nosuch")]
    [InlineData("watch", "--nosuch")]
    [InlineData("watch", "--from")]
    [InlineData("watch", "\0")]
    [InlineData("plan", "")]
    [InlineData("plan", "--ages")]
    [InlineData("plan", "ages.txt")]
    [InlineData("config", "")]
    [InlineData("config", "nosuch")]
    [InlineData("backup", "")]
    [InlineData("restore", "")]
    [InlineData("completion", "")]
    [InlineData("completion", "csh")]
    public Task No_unknown_or_missing_word_ends_in_an_exception(string first, string second) =>
        ExplainsAsync(second.Length == 0 ? [first] : [first, second]);

    [Theory]
    [InlineData("SOURCE is missing.", "track")]
    [InlineData("SOURCE is missing.", "track", "--wait")]
    [InlineData("'--al' is not an option. Write -- before arguments that begin with '-'.", "jobs", "poll", "media", "--al")]
    [InlineData("'--al' is not an option. Write -- before arguments that begin with '-'.", "jobs", "stop", "media", "a", "--al")]
    [InlineData("'--jsn' is not an option. Write -- before arguments that begin with '-'.", "jobs", "show", "media", "--jsn")]
    [InlineData("'-z' is not an option. Write -- before arguments that begin with '-'.", "quarantine", "retry", "-z")]
    [InlineData("'--jsn' is not an option. Write -- before arguments that begin with '-'.", "quarantine", "show", "--jsn")]
    [InlineData("'--al' is not an option. Write -- before arguments that begin with '-'.", "quarantine", "delete", "--al")]
    [InlineData("'--jsn' is not an option. Write -- before arguments that begin with '-'.", "webhooks", "show", "--jsn")]
    [InlineData("'--wiat' is not an option. Write -- before arguments that begin with '-'.", "track", "media", "z0.1", "--wiat")]
    [InlineData("'--jsn' is not an option. Write -- before arguments that begin with '-'.", "decode", "--jsn")]
    [InlineData("'--date' is not an option. Write -- before arguments that begin with '-'.", "backup", "--date")]
    [InlineData("ID is missing. Give ids, or --file with ids in it.", "track", "media")]
    [InlineData("FILE is missing.", "decode")]
    [InlineData("--jobs: 'abc' is not a whole number from 1 to 5000.", "demo", "--jobs", "abc")]
    [InlineData("--jobs: '3.5' is not a whole number from 1 to 5000.", "demo", "--jobs", "3.5")]
    [InlineData("--jobs: '0' is not a whole number from 1 to 5000.", "demo", "--jobs", "0")]
    [InlineData("--jobs: '-1' is not a whole number from 1 to 5000.", "demo", "--jobs", "-1")]
    [InlineData("--jobs: '' is not a whole number from 1 to 5000.", "demo", "--jobs", "")]
    [InlineData("--jobs: '5001' is not a whole number from 1 to 5000.", "demo", "--jobs", "5001")]
    [InlineData("--seed: 'NaN' is not a whole number from 0 to 2147483647.", "demo", "--seed", "NaN")]
    [InlineData("Required argument missing for option: '--seed'.", "demo", "--seed")]
    [InlineData("--keep: 'abc' is neither true nor false.", "demo", "--keep=abc")]
    [InlineData("--wait: '3' is neither true nor false.", "track", "media", "a", "--wait=3")]
    [InlineData("--timeout: '2 m' is not a time from 0s to 30d, such as 90s, 1.5m or 00:01:30.", "track", "media", "a", "--timeout", "2 m")]
    [InlineData("--timeout: '31d' is not a time from 0s to 30d, such as 90s, 1.5m or 00:01:30.", "track", "media", "a", "--timeout", "31d")]
    [InlineData("'-' is not an id. Give --file - to read ids from standard input.", "track", "media", "-")]
    [InlineData("'-' is not an id. Give --file - to read ids from standard input.", "track", "media", "z0.1", "-", "--wait")]
    [InlineData("ID is missing. Give SOURCE and ID, separated by a space.", "track", "media/z0.a")]
    [InlineData("ID is missing. Give SOURCE and ID, separated by a space.", "jobs", "show", "media/z0.a")]
    [InlineData("ID is missing. Give SOURCE and ID, separated by a space.", "jobs", "poll", "media/z0.a")]
    [InlineData("ID is missing.", "jobs", "show", "media")]
    [InlineData("'-1' is not an option. Write -- before arguments that begin with '-'.", "webhooks", "replay", "-1", "--from", "0")]
    [InlineData("--url: 'abc' is not an http or https URL, such as http://127.0.0.1:7071.", "watch", "--url", "abc")]
    [InlineData("--from: '-1' is neither 'start' nor the position of an event.", "watch", "--from", "-1")]
    [InlineData("--api-key is empty.", "watch", "--api-key", "")]
    [InlineData("--channel: 'sms' is not one of notification, poll, upload.", "decode", "-", "--channel", "sms")]
    [InlineData("'/' is a folder, not a regular file.", "decode", "/")]
    [InlineData("The file name is empty.", "track", "media", "--file", "")]
    [InlineData("'/dev/zero' is a device, not a regular file. Give - to read standard input.", "track", "media", "--file", "/dev/zero")]
    [InlineData("--metadata: 'a' is not of the form NAME=VALUE.", "track", "media", "x", "--metadata", "a")]
    [InlineData("--ages and --url exclude each other. --url is for the plans of a host.", "plan", "--ages", "-", "--url", "http://127.0.0.1:9")]
    [InlineData("--first needs --ages. A host uses its own settings.", "plan", "--url", "http://127.0.0.1:9", "--first", "30s")]
    [InlineData("--ages and --source exclude each other. --source is for the plans of a host.", "plan", "--ages", "-", "--source", "media")]
    [InlineData("--source is empty. Leave it out to show all sources.", "plan", "--url", "http://127.0.0.1:9", "--source", " ")]
    [InlineData("'/no/such/file' cannot be read: there is no such file.", "plan", "--ages", "/no/such/file")]
    [InlineData("'/dev/null' is a device, not a regular file. Give - to read standard input.", "plan", "--ages", "/dev/null")]
    [InlineData("--first: '0s' is not a time from 1ms to 30d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--first", "0s")]
    [InlineData("--first: 'NaN' is not a time from 1ms to 30d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--first", "NaN")]
    [InlineData("--first: '-Infinity' is not a time from 1ms to 30d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--first=-Infinity")]
    [InlineData("--first: '-Infinityd' is not a time from 1ms to 30d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--first=-Infinityd")]
    [InlineData("--deadline: '900000m' is not a time from 1ms to 365d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--deadline", "900000m")]
    [InlineData("--deadline: '366d' is not a time from 1ms to 365d, such as 90s, 1.5m or 00:01:30.", "plan", "--ages", "-", "--deadline", "366d")]
    [InlineData("--max (00:01:00) is less than --first (00:05:00).", "plan", "--ages", "-", "--first", "5m", "--max", "1m")]
    [InlineData("--deadline (00:01:00) is less than --first (00:05:00).", "plan", "--ages", "-", "--first", "5m", "--deadline", "1m")]
    [InlineData("--factor: '0.9' is not a number from 1 to 100.", "plan", "--ages", "-", "--factor", "0.9")]
    [InlineData("--heard: '1' is not a number from 0 up to, but not including, 1.", "plan", "--ages", "-", "--heard", "1")]
    [InlineData("--polls-per-job: '0' is not a number above 0, up to 10000.", "plan", "--ages", "-", "--polls-per-job", "0")]
    public async Task Wrong_usage_is_reported_in_exactly_one_sentence_and_one_line_of_usage(string problem, params string[] line)
    {
        var (exit, output, error) = await CommandRun.RunAsync(line);

        var lines = error.TrimEnd().Split('\n');
        Assert.Equal([problem], lines[..^1]);
        var command = line[0] is "jobs" or "quarantine" or "webhooks" ? $"{line[0]} {line[1]}" : line[0];
        Assert.StartsWith($"Usage: fopwatch {command}", lines[^1], StringComparison.Ordinal);
        Assert.EndsWith($"; see fopwatch {command} --help", lines[^1], StringComparison.Ordinal);
        Assert.Equal("", output);
        Assert.Equal(ExitCodes.Refused, exit);
    }

    /// <summary>Every word after -- is an argument, even one that is also the value of an option.</summary>
    [Fact]
    public async Task An_argument_after_two_dashes_may_begin_with_a_dash()
    {
        var (exit, _, error) = await CommandRun.RunAsync(["webhooks", "replay", "--from", "-1", "--url", _url, "--", "-1"]);

        Assert.Equal((ExitCodes.Refused, "Refused: No. Set the environment variable FOPWATCH_API_KEY to the key."), (exit, error.TrimEnd()));
    }

    [Fact]
    public async Task The_word_help_may_be_an_argument()
    {
        var (exit, _, error) = await CommandRun.RunAsync(["webhooks", "show", "help", "--url", _url]);

        Assert.Equal((ExitCodes.Refused, "Refused: No. Set the environment variable FOPWATCH_API_KEY to the key."), (exit, error.TrimEnd()));
    }

    [Theory]
    [InlineData("srve", " Did you mean 'serve'?")]
    [InlineData("[suggest:abc]", "")]
    [InlineData("[diagram]", "")]
    [InlineData("@/no/such/file", "")]
    public async Task An_unknown_command_is_answered_with_the_list_of_commands(string word, string near)
    {
        var (exit, output, error) = await CommandRun.RunAsync([word]);

        Assert.Equal(
            $"Unrecognized command or argument '{word}'.{near}\n"
            + "Usage: fopwatch [serve|demo|track|watch|decode|plan|jobs|quarantine|webhooks|doctor|init|config|backup|restore|completion|mcp] [options]; see fopwatch --help",
            error.TrimEnd());
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
    }

    /// <summary>Opening a named pipe without a writer would block for ever.</summary>
    [Fact(Timeout = 60_000)]
    public async Task An_irregular_file_is_named_and_not_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in folders.");
        var (pipe, socket) = (Path.Combine(_folder.FullName, "pipe"), Path.Combine(_folder.FullName, "socket"));
        Assert.Equal(0, (await CommandProcess.RunAsync(_folder.FullName, [], "mkfifo", [pipe])).Exit);
        using var listening = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listening.Bind(new UnixDomainSocketEndPoint(socket));
        var data = Path.Combine(_folder.FullName, "data");
        Directory.CreateDirectory(data);
        File.CreateSymbolicLink(Path.Combine(data, "fopwatch.db"), pipe);

        foreach (var (file, kind) in ((string, string)[])[(pipe, "a named pipe"), (socket, "a socket"), ("/dev/zero", "a device"), (_folder.FullName, "a folder")])
        {
            var advice = kind == "a folder" ? "" : " Give - to read standard input.";
            foreach (var line in (string[][])[["decode", file], ["track", "media", "--file", file], ["plan", "--ages", file]])
                await EndsAsync(ExitCodes.Refused, $"'{file}' is {kind}, not a regular file.{advice}", line);
            foreach (var line in (string[][])[["config", "check", "--config", file], ["serve", "--config", file], ["decode", "-", "--source", "a", "--config", file]])
                await EndsAsync(ExitCodes.Refused, $"{file} is {kind}, not a settings file", line);
            await EndsAsync(
                ExitCodes.Unreachable,
                kind == "a folder" ? $"'{file}' is a folder. Give the backup file." : $"'{file}' is {kind}, not a regular file.",
                "restore", file, "--data", Path.Combine(_folder.FullName, "new"));
        }

        await EndsAsync(ExitCodes.Unreachable, $"'{Path.Combine(data, "fopwatch.db")}' is a named pipe, not a regular file.", "backup", Path.Combine(_folder.FullName, "copy"), "--data", data);

        async Task EndsAsync(int expected, string problem, params string[] line)
        {
            var (exit, _, error) = await CommandRun.RunAsync(line);
            Assert.Equal(expected, exit);
            Assert.Contains(error.Split('\n'), one => one.EndsWith(problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_file_opened_by_the_shell_is_read_by_its_path()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test needs /dev/fd and bash.");
        var program = typeof(Local.Hosting.LocalHost).Assembly.Location;
        var config = Path.Combine(_folder.FullName, "config");

        var (exit, output, error) = await CommandProcess.RunAsync(
            _folder.FullName, [], "bash", ["-c", $"dotnet '{program}' config check --config <(cat '{config}') && printf '60\n' | dotnet '{program}' plan --ages /dev/stdin"]);

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Contains("media", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UTF_16_text_is_read_with_a_byte_order_mark_and_refused_without_one(bool isMarked)
    {
        var (ids, ages) = (Path.Combine(_folder.FullName, "ids16"), Path.Combine(_folder.FullName, "ages16"));
        var encoding = new UnicodeEncoding(bigEndian: false, byteOrderMark: isMarked);
        await File.WriteAllTextAsync(ids, "a b\n", encoding, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(ages, "60\n", encoding, TestContext.Current.CancellationToken);

        var track = await CommandRun.RunAsync(["track", "media", "--file", ids]);
        var plan = await CommandRun.RunAsync(["plan", "--ages", ages]);

        Assert.Equal(ExitCodes.Refused, track.Exit);
        Assert.Contains(isMarked ? "line 1: 'a b'" : $"'{ids}' is not text in UTF-8: save it as UTF-8.", track.Error, StringComparison.Ordinal);
        Assert.Equal(isMarked ? ExitCodes.Ok : ExitCodes.Refused, plan.Exit);
        Assert.Equal(isMarked ? "" : $"'{ages}' is not text in UTF-8: save it as UTF-8.", plan.Error.Split('\n')[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_that_are_not_UTF_8_are_refused_with_and_without_a_byte_order_mark(bool isMarked)
    {
        var ids = Path.Combine(_folder.FullName, "ids-gbk");
        byte[] mark = isMarked ? [0xEF, 0xBB, 0xBF] : [];
        await File.WriteAllBytesAsync(ids, [.. mark, .. "z0."u8, 0xD6, 0xD0, (byte)'\n'], TestContext.Current.CancellationToken);

        var track = await CommandRun.RunAsync(["track", "media", "--file", ids]);

        Assert.Equal((ExitCodes.Refused, $"'{ids}' is not text in UTF-8: save it as UTF-8."), (track.Exit, track.Error.Split('\n')[0]));
    }

    [Theory]
    [InlineData("show", ".")]
    [InlineData("show", "..")]
    [InlineData("retry", "..")]
    [InlineData("delete", "..")]
    public async Task A_key_that_is_a_path_segment_is_wrong_usage(string command, string key)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["quarantine", command, key]);

        Assert.StartsWith($"KEY is '{key}'. Give a key that 'quarantine list' shows.", error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData(" ")]
    [InlineData("\u202E数据😀")]
    [InlineData("a\nb")]
    [InlineData("/dev/null")]
    [InlineData("/proc/none")]
    [InlineData("../../../../../../../../../../../../proc")]
    public async Task No_data_folder_ends_in_an_exception(string data)
    {
        var line = (string[])["serve", "--data", data, "--urls", Occupied];
        var (exit, output, error) = await CommandProcess.RunAsync(_folder.FullName, [], line);
        AssertInWords(line, exit, output, error);
        Assert.NotEqual(0, exit);
    }

    [Theory]
    [InlineData("FOPWATCH_LOG", "verbose", "FOPWATCH_LOG is 'verbose': it must be one of Trace, Debug, Information, Warning, Error, Critical, None")]
    [InlineData("FOPWATCH_LOG", "3", "FOPWATCH_LOG is '3'")]
    [InlineData("FOPWATCH_LOG", "Debug,Error", "FOPWATCH_LOG is 'Debug,Error'")]
    [InlineData("FopWatch__ApiKey", "", "FopWatch:ApiKey is empty")]
    [InlineData("FopWatch__ApiKey", "<a key of your own>", "FopWatch:ApiKey is a placeholder")]
    [InlineData("FopWatch__ApiKey", "ключ-ключ-ключ-ключ", "FopWatch:ApiKey has whitespace around it or characters outside")]
    [InlineData("FopWatch__ApiKey", "0123456789abcdef\n", "FopWatch:ApiKey has whitespace around it or characters outside")]
    [InlineData("FopWatch__ApiKey__0", "0123456789abcdef", "FopWatch:ApiKey is a map: it takes a single value")]
    [InlineData("FopWatch__MaxBodyBytes", "NaN", "FopWatch:MaxBodyBytes is 'NaN', not a whole number from 65536 to 67108864")]
    [InlineData("FopWatch__MaxBodyBytes", "65536.5", "FopWatch:MaxBodyBytes is '65536.5', not a whole number")]
    [InlineData("FopWatch__MaxBodyBytes", "1e400", "FopWatch:MaxBodyBytes is '1e400', not")]
    [InlineData("FopWatch__Retention", "-1", "FopWatch:Retention is '-1', not a time")]
    [InlineData("FopWatch__PublicUrl", "数据", "FopWatch:PublicUrl is not an http or https URL")]
    [InlineData("FopWatch__Sources", "[]", "FopWatch:Sources is a single value: it takes a map")]
    [InlineData("FopWatch__Sources__", "x", "FopWatch:Sources:")]
    [InlineData("FopWatch__Sources__a b__Provider", "Qiniu", "FopWatch:Sources:a b is not a valid name: ")]
    [InlineData("FopWatch__Sources__m__NotifyTokens", "abcdefgh", "FopWatch:Sources:m:NotifyTokens is a single value: it takes a list")]
    [InlineData("FopWatch__Sources__m__Keys", "ak:sk", "FopWatch:Sources:m:Keys is a single value: it takes a map")]
    [InlineData("FopWatch__Sources__m__Keys__0", "sk", "FopWatch:Sources:m:Keys:0 is a single value: an element of a list of keys is")]
    [InlineData("FopWatch__Sources__m__Keys__0__AccessKey", "", "FopWatch:Sources:m:Keys:0:AccessKey is empty")]
    [InlineData("FopWatch__Sources__m__Poll", "00:01:00", "FopWatch:Sources:m:Poll is a single value: it takes a map")]
    [InlineData("FopWatch__Sources__m__Poll__Factor", "Infinity", "FopWatch:Sources:m:Poll:Factor is 'Infinity', not a number from 1 to 100")]
    [InlineData("FopWatch__Surces", "", "FopWatch:Surces is not a setting of FopWatch")]
    public async Task No_environment_variable_ends_in_an_exception(string name, string value, string problem)
    {
        var line = (string[])["serve", "--urls", Occupied, "--data", _folder.FullName];
        var (exit, output, error) = await CommandProcess.RunAsync(_folder.FullName, new() { [name] = value }, line);

        AssertInWords(line, exit, output, error);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Refused, exit);
    }

    [Fact]
    public async Task An_API_key_in_the_environment_that_no_header_can_carry_is_wrong_usage()
    {
        var (exit, output, error) = await CommandProcess.RunAsync(_folder.FullName, new() { ["FOPWATCH_API_KEY"] = "a\nb" }, "watch");

        Assert.Matches(@"^The API key has characters that are not allowed in an HTTP header\.\nUsage: dotnet \S+ watch \[options\]; see dotnet \S+ watch --help\n$", error.ReplaceLineEndings("\n"));
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
    }

    [Fact]
    public async Task A_wrong_URL_in_the_environment_is_named_with_its_variable()
    {
        var (exit, output, error) = await CommandProcess.RunAsync(_folder.FullName, new() { ["FOPWATCH_URL"] = "ftp://host" }, "jobs", "list");

        Assert.StartsWith("FOPWATCH_URL: 'ftp://host' is not an http or https URL, such as http://127.0.0.1:7071.\n", error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
    }

    [Fact]
    public async Task A_wrong_URL_in_the_environment_does_not_matter_to_a_command_that_calls_no_host()
    {
        Dictionary<string, string> variables = new() { ["FOPWATCH_URL"] = "ftp://host" };

        var plan = await CommandProcess.RunAsync(_folder.FullName, variables, "plan", "--ages", Path.Combine(_folder.FullName, "ages"));
        var given = await CommandProcess.RunAsync(_folder.FullName, variables, "jobs", "list", "--url", _url);

        Assert.Equal((ExitCodes.Ok, ""), (plan.Exit, plan.Error));
        Assert.StartsWith("Refused: No.", given.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_key_in_the_environment_with_a_trailing_blank_is_wrong_usage()
    {
        var (exit, _, error) = await CommandProcess.RunAsync(_folder.FullName, new() { ["FOPWATCH_API_KEY"] = "0123456789abcdef " }, "watch");

        Assert.StartsWith("The API key begins or ends with a space. No key of a host does.", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Refused, exit);
    }

    private string Occupied => $"http://127.0.0.1:{((IPEndPoint)_occupied.LocalEndpoint).Port}";

    /// <summary>The rest of a command line without lasting effects, without the input under test.</summary>
    private string[] Others(string command, string input)
    {
        string File(string name) => Path.Combine(_folder.FullName, name);
        (string Name, string Value)[] options = command switch
        {
            "serve" or "" => [("--data", File("data")), ("--urls", Occupied), ("--config", File("config"))],
            "demo" => [("--jobs", "1")],
            "track" => [("--url", _url), ("--file", File("ids"))],
            "watch" => [("--url", _url)],
            _ when command.StartsWith("webhooks ", StringComparison.Ordinal) => [("--url", _url)],
            "plan" => [("--ages", File("ages"))],
            "config check" => [("--config", File("config"))],
            "backup" or "restore" => [("--data", File("none"))],

            // An unknown provider prevents it from writing a file to the working directory.
            "init" => [("--provider", "nobody")],
            "completion" => [],
            "decode" => [("--config", File("config")), ("--channel", "notification")],

            // All other commands call a host.
            _ => [("--url", _url)],
        };
        string[] arguments = command switch
        {
            "track" => input == "SOURCE" ? [] : ["media"],
            "decode" => input == "FILE" ? [] : [File("body")],
            "webhooks show" or "webhooks deliveries" or "webhooks pause" or "webhooks resume" or "webhooks replay" or "webhooks test" => input == "NAME" ? [] : ["crm"],
            "backup" => input == "TARGET" ? [] : [File("copy")],
            "restore" => input == "FILE" ? [] : [File("copy")],
            "jobs show" => input == "SOURCE" ? [] : input == "ID" ? ["media"] : ["media", "z0.a"],
            "quarantine show" => input == "KEY" ? [] : ["20261122T031035410-f30dad4d8a01567943016654"],
            _ => [],
        };
        string[] start = command.Length == 0 ? [] : command.Split(' ');
        return [.. start, .. arguments, .. options.Where(option => option.Name != input).SelectMany(option => (string[])[option.Name, option.Value])];
    }

    private static async Task ExplainsAsync(string[] line)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        interrupt.CancelAfter(TimeSpan.FromSeconds(2));
        var terminal = new Terminal(() => new MemoryStream("x"u8.ToArray()), output, error, TimeProvider.System, isLive: false, errorIsLive: false);

        var exit = await Cli.RunAsync(line, terminal, interrupt.Token);

        AssertInWords(line, exit, output.ToString(), error.ToString());
    }

    private static void AssertInWords(string[] line, int exit, string output, string error)
    {
        var shown = string.Join(' ', line.Select(word => word.Length > 80 ? word[..80] + "…" : word));
        var said = output + error;
        Assert.True(exit is >= 0 and <= 3 or ExitCodes.Interrupted, $"{shown}: exit code {exit}\n{said}");
        foreach (var trace in (string[])["   at ", "Unhandled", "Exception", "System.", "(Parameter", "\u001B", "\u202E", "\0"])
            Assert.False(said.Contains(trace, StringComparison.Ordinal), $"{shown}: {said}");
        if (exit is 2 or 3)
        {
            // Without its host, the doctor still examines what it can.
            Assert.True(error.Length > 0 && (output.Length == 0 || (exit == ExitCodes.Unreachable && line[0] == "doctor")), $"{shown}: {output}");
            Assert.True(error.Length < 2_000 && error.Count(c => c == '\n') <= 5, $"{shown}: {error}");
        }
    }

    /// <summary>A host that refuses every request, so that no command waits for it.</summary>
    private async Task RefuseAsync()
    {
        var problem = Encoding.UTF8.GetBytes("""{"type":"urn:fopwatch:problem:unauthorized","title":"No.","status":401}""");
        try
        {
            while (true)
            {
                var context = await _refusing.GetContextAsync();
                context.Response.StatusCode = 401;
                context.Response.ContentType = Problem.ContentType;
                await context.Response.OutputStream.WriteAsync(problem);
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
