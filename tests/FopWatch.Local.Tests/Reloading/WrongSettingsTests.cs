using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>A settings file that is wrong, while a host runs: it changes nothing, is named, and the next right one applies.</summary>
public sealed class WrongSettingsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_wrong_file_changes_nothing_and_is_named_until_a_right_one_applies()
    {
        await using var host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", ReloadedHost.Source())));
        (string Words, Action Write)[] wrong =
        [
            ("the JSON is invalid", () => host.Write("{ \"FopWatch\": {"u8.ToArray())),
            ("Colour", () => host.Write(Changed(settings => settings["Colour"] = "red"))),
            ("Sources:media:StatusEndpoint", () => host.Write(Changed(settings => settings["Sources"]!["media"]!["StatusEndpoint"] = "no url"))),
            ("is set twice", () => host.Write(Encoding.UTF8.GetBytes(ReloadedHost.Json(Changed(_ => { })).Replace("\"ApiKey\"", "\"APIKEY\":\"x\",\"ApiKey\"", StringComparison.Ordinal)))),
            ("ApiKeys:two:Key", () => host.Write(Changed(settings => settings["ApiKeys"] = new JsonObject { ["one"] = Key("0123456789abcdef"), ["two"] = Key("0123456789abcdef") }))),
            ("the file is empty", () => host.Write(Array.Empty<byte>())),
            ("the JSON is invalid", () => host.Write([0xff, 0xfe, 0x00])),
            ("the top level has no \"FopWatch\"", () => host.Write("{ \"Sources\": {} }"u8.ToArray())),
            ("is larger than 4 MiB", () => host.Write(new byte[5 << 20])),
            ("is not the name of a configured source", () => host.Write(Changed(settings => settings["ApiKeys"] = new JsonObject { ["one"] = Key("0123456789abcdef", "gone") }))),
            ("Webhooks:crm:Url", () => host.Write(Changed(settings => settings["Webhooks"] = new JsonObject { ["crm"] = new JsonObject { ["Url"] = "http://127.0.0.1/" } }))),
            ("there is no such file", () => File.Delete(host.File)),
            ("is a folder", () => Replaced(() => Directory.CreateDirectory(host.File))),
            ("is a named pipe", () => Replaced(() => Run("mkfifo", host.File))),
            ("cannot be read", () => Replaced(() => File.CreateSymbolicLink(host.File, host.File))),
        ];
        void Replaced(Action write)
        {
            File.Delete(host.File);
            write();
        }

        var number = 0;
        foreach (var (words, write) in wrong)
        {
            write();
            if (number % 2 == 0)
                await host.Process.SendAsync("HUP");
            await Eventually.HoldsAsync(async () => (await host.HealthAsync()).Contains("settingsWrong", StringComparison.Ordinal), condition: words);

            // What the API says has no path, and no secret. The log names the file.
            Assert.Contains(words, Words(await host.HealthAsync()), StringComparison.Ordinal);
            await Eventually.HoldsAsync(() => host.Process.Printed.Contains($"{host.File} is wrong, and nothing of it applies", StringComparison.Ordinal));
            Assert.Equal(System.Net.HttpStatusCode.OK, await host.NotifyAsync("media", $"z0.{number}"));
            Assert.DoesNotContain(Path.GetDirectoryName(host.File)!, await host.HealthAsync(), StringComparison.Ordinal);
            Assert.DoesNotContain(ReloadedHost.Key, host.Process.Printed, StringComparison.Ordinal);

            if (Directory.Exists(host.File))
                Directory.Delete(host.File);
            File.Delete(host.File);
            number++;
            await host.ReloadAsync(ReloadedHost.With(("media", ReloadedHost.Source()), ($"new{number}", ReloadedHost.Source())));
            Assert.Equal(System.Net.HttpStatusCode.OK, await host.NotifyAsync($"new{number}", "z0.1"));
            Assert.DoesNotContain("settingsWrong", await host.HealthAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_doctor_and_the_overview_report_a_wrong_file()
    {
        await using var host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", ReloadedHost.Source())));
        Assert.DoesNotContain((await host.ExamineAsync()).Findings, finding => finding.What.ToString().Contains("settings file", StringComparison.Ordinal));

        host.Write("{"u8.ToArray());
        await Eventually.HoldsAsync(async () => (await host.ExamineAsync()).Findings.Any(finding =>
            finding.Level == "trouble" && finding.What.ToString().StartsWith("The settings file is wrong: settings.json:1:", StringComparison.Ordinal)));
        Assert.Contains("\"kind\":\"settingsWrong\",\"level\":\"trouble\"", await host.Http.GetStringAsync("/api/overview", Cancelled), StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => host.Process.Printed.Contains("Kind: SettingsWrong", StringComparison.Ordinal));
        var line = Assert.Single(host.Process.Printed.Split('\n'), line => line.Contains("settings.json", StringComparison.Ordinal) && line.Contains("wrong", StringComparison.Ordinal));
        Assert.Contains($"{host.File} is wrong, and nothing of it applies. The host goes on with the settings that it had. Kind: SettingsWrong. {host.File}:1:", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_half_written_is_not_reported()
    {
        await using var host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", ReloadedHost.Source())));
        var whole = Encoding.UTF8.GetBytes(ReloadedHost.Json(ReloadedHost.With(("media", ReloadedHost.Source()), ("added", ReloadedHost.Source()))));

        // In its place, as some editors do; a piece at a time for longer than the host looks away, and asked to read it in the middle. A thread of its own writes:
        // a piece that comes late looks like the end.
        var longest = TimeSpan.Zero;
        var half = new TaskCompletionSource();
        var written = Task.Factory.StartNew(Write, Cancelled, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAny(half.Task, written);
        await host.Process.SendAsync("HUP");
        await written;
        Assert.SkipWhen(longest >= SettingsReload.Settled, $"This machine is too busy: a piece of the file was written {longest.TotalSeconds:0.0} s after the one before.");

        await Eventually.HoldsAsync(() => host.Reloads == 1);
        Assert.Contains("source added added", host.Process.Printed, StringComparison.Ordinal);
        Assert.DoesNotContain("is wrong", host.Process.Printed, StringComparison.Ordinal);

        void Write()
        {
            const int pieces = 24;
            using var stream = new FileStream(host.File, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < pieces; i++)
            {
                stream.Write(whole.AsSpan((i * whole.Length / pieces)..((i + 1) * whole.Length / pieces)));
                longest = longest > clock.Elapsed ? longest : clock.Elapsed;
                clock.Restart();
                if (i == pieces / 2)
                    half.SetResult();
                Thread.Sleep(200);
            }
        }
    }

    [Fact]
    public async Task The_last_key_cannot_be_removed_while_others_can_reach_the_host()
    {
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        settings["PublicUrl"] = "https://hooks.fopwatch.test";
        await using var host = await ReloadedHost.StartAsync(settings);

        // By itself the file is right: a host that starts with it can be reached by this machine alone.
        settings.Remove("PublicUrl");
        settings["ApiKey"] = null;
        host.Write(Encoding.UTF8.GetBytes(ReloadedHost.Json(settings).Replace("\"ApiKey\":null", "\"Retention\":\"1.00:00:00\"", StringComparison.Ordinal)));

        await Eventually.HoldsAsync(async () => (await host.HealthAsync()).Contains("settingsWrong", StringComparison.Ordinal));
        Assert.Contains("FopWatch:PublicUrl (https://hooks.fopwatch.test)", Words(await host.HealthAsync()), StringComparison.Ordinal);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, await host.StatusOfAsync("/api/jobs", "another-key-of-nobody"));
    }

    private static void Run(string program, string argument)
    {
        using var run = System.Diagnostics.Process.Start(program, [argument]);
        run.WaitForExit();
    }

    private static string Words(string health) => JsonNode.Parse(health)!["troubles"]!.AsArray()
        .Single(trouble => trouble!["kind"]!.GetValue<string>() == "settingsWrong")!["detail"]!.GetValue<string>();

    private static JsonObject Key(string key, string? source = null)
    {
        var one = new JsonObject { ["Key"] = key, ["Rights"] = "Read" };
        if (source is not null)
            one["Sources"] = new JsonArray(source);
        return one;
    }

    private static JsonObject Changed(Action<JsonObject> change)
    {
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        change(settings);
        return settings;
    }
}
