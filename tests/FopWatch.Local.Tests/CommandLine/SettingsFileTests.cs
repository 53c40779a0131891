using System.Text;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class SettingsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Name => Path.Combine(_folder.FullName, "settings.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_accepted()
    {
        const string Json = """
            {
              // a comment
              "$schema": "x",
              "fopwatch": { "Sources": { "media": { "Provider": "Qiniu", "NotifyTokens": ["abcdefgh",], "Keys": { "AK": "SK" }, "Poll": {} } }, },
            }
            """;
        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Unicode])
        {
            File.WriteAllText(Name, Json, encoding);
            var read = SettingsFile.Read(Name, HostSettings.DefaultUrls, "data");
            Assert.NotNull(Assert.Single(read.Shared.Sources.All).Keys.Secret("AK"));
            Assert.Equal((Name, true), (read.ReadFrom!.File, read.ReadFrom.Exists));
        }
    }

    [Theory]
    [InlineData("{\n  \"FopWatch\": {\n    \"Sources\" {}\n", ":3:15: the JSON is invalid: ")]
    [InlineData("{\n  \"FopWatch\": {\n    \"数据\": \"é\" \"b\"\n", ":3:15: the JSON is invalid: ")]
    [InlineData("{ \"FopWatch\": {} }\n}", ":2:1: the JSON is invalid: ")]
    [InlineData("", ":1:1: the file is empty: it must be a JSON object with the member \"FopWatch\"")]
    [InlineData(" \n\n", ":1:1: the file is empty: it must be")]
    [InlineData("// nothing yet", ":1:1: the file is empty: it must be")]
    [InlineData("n", ":1:2: the JSON is invalid: ")]
    [InlineData("{ \"FopWatch\": {", ":1:16: the JSON is invalid: ")]
    [InlineData("{ \"FopWatch\": { \"PublicUrl\": \"\\ud800\" } }", ":1:30: the JSON is invalid: ")]
    [InlineData("[]", ":1:1: the file must be a JSON object with the member \"FopWatch\"")]
    [InlineData("\"FopWatch\"", ":1:1: the file must be a JSON object")]
    [InlineData("{ \"FopWatch\": {\n \"ApiKey\": \"a\",\n \"APIKEY\": \"b\" } }", ":3:2: FopWatch:APIKEY is set twice; names are case-insensitive")]
    [InlineData("{ \"FopWatch\": \"x\" }", ": \"FopWatch\" takes a map from names to settings")]
    [InlineData("{ \"FopWatch\": [] }", ": \"FopWatch\" takes a map from names to settings")]
    [InlineData("{ \"\": { \"FopWatch\": 1 }, \"a\": 1 }", ": the top level has no \"FopWatch\"; it has \"\", \"a\". All")]
    [InlineData("{}", ": the top level has no \"FopWatch\"; it is empty. All settings belong below \"FopWatch\"")]
    [InlineData("{ \"Sources\": { \"a\": {} }, \"PublicUrl\": \"x\" }", ": the top level has no \"FopWatch\"; it has \"Sources\", \"PublicUrl\". All")]
    public void A_mistake_in_the_file_is_named_with_its_position(string json, string problem)
    {
        File.WriteAllText(Name, json);
        var problems = Problems();
        Assert.StartsWith(Name + problem, Assert.Single(problems), StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", problems[0], StringComparison.Ordinal);
        Assert.DoesNotContain("isFinalBlock", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Line_breaks_in_names_do_not_break_messages()
    {
        File.WriteAllText(Name, """{ "FopWatch": { "a\nb": "1", "c\rd": "2" } }""");

        var wrong = Assert.Throws<SettingsException>(() => SettingsFile.Read(Name, HostSettings.DefaultUrls, "data"));

        Assert.Equal(["2 settings are wrong:", "  FopWatch:a\\nb is not", "  FopWatch:c\\rd is not"], wrong.Message.Split('\n').Select(line => line.Split(" a setting")[0]));
        Assert.DoesNotContain('\r', wrong.Message);
    }

    [Fact]
    public void A_single_value_for_all_settings_is_refused()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("FopWatch", "x")]).Build();

        var wrong = Assert.Throws<SettingsException>(() => HostSettings.Read(configuration, HostSettings.DefaultUrls, "data"));

        Assert.Equal("FopWatch is a single value: it takes a map from names to settings", Assert.Single(wrong.Problems));
    }

    [Theory]
    [InlineData("\"Sources\": [ { \"Name\": \"media\" } ]", "FopWatch:Sources is a list: it takes a map from names to values")]
    [InlineData("\"Sources\": \"media\"", "FopWatch:Sources is a single value: it takes a map from names to values")]
    [InlineData("\"Sources\": 5", "FopWatch:Sources is a single value: it takes a map from names to values")]
    [InlineData("\"Sources\": { \"m\": \"Qiniu\" }", "FopWatch:Sources:m is a single value: it takes a map from names to values")]
    [InlineData("\"Sources\": { \"m\": [] }", "FopWatch:Sources:m is a list: it takes a map from names to values")]
    [InlineData("\"PublicUrl\": [ \"https://a.test\" ]", "FopWatch:PublicUrl is a list: it takes a single value")]
    [InlineData("\"PublicUrl\": { \"a\": 1 }", "FopWatch:PublicUrl is a map: it takes a single value")]
    [InlineData("\"Retention\": 30", "FopWatch:Retention is '30', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30")]
    [InlineData("\"Retention\": \"30s\"", "FopWatch:Retention is '30s', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30")]
    [InlineData("\"Retention\": \"-Infinityd\"", "FopWatch:Retention is '-Infinityd', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30")]
    [InlineData("\"Retention\": \"9999d\"", "FopWatch:Retention is '9999d', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30")]
    [InlineData("\"Source\": {}", "FopWatch:Source is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?")]
    [InlineData("\"Source\": []", "FopWatch:Source is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?")]
    [InlineData("\"Source\": null", "FopWatch:Source is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?")]
    [InlineData("\"Sources\": { \"m\": { \"Provider\": \"Qiniu\", \"NotifyTokens\": [\"abcdefgh\"], \"Pol\": {} } }", "FopWatch:Sources:m:Pol is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources:m:Poll?")]
    [InlineData("\"Sources\": { \"m\": { \"Provider\": \"Qiniu\", \"NotifyTokens\": [\"abcdefgh\"], \"Buckets\": [] } }", "FopWatch:Sources:m:Buckets is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("\"Sources\": { \"m\": { \"Provider\": \"Qiniu\", \"NotifyTokens\": [\"abcdefgh\"], \"Buckets\": null } }", "FopWatch:Sources:m:Buckets is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("\"Sources\": { \"m\": { \"Provider\": \"Qiniu\", \"NotifyTokens\": [\"abcdefgh\"], \"Pipelines\": [] } }", "FopWatch:Sources:m:Pipelines is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("\"Sources\": { \"m\": { \"Provider\": \"Qiniu\", \"NotifyTokens\": [] } }", "FopWatch:Sources:m:NotifyTokens is empty: give a list of at least one token, 8 to 64 of A-Z a-z 0-9 _ - each")]
    [InlineData("\"ApiKey\": null", "FopWatch:ApiKey is empty: give a key of at least 16 characters, or leave the setting out")]
    [InlineData("\"ApiKey\": []", "FopWatch:ApiKey is empty: give a key of at least 16 characters, or leave the setting out")]
    [InlineData("\"ApiKey\": \"\"", "FopWatch:ApiKey is empty: give a key of at least 16 characters, or leave the setting out")]
    public void A_value_of_the_wrong_type_is_named_with_the_right_type(string setting, string problem)
    {
        File.WriteAllText(Name, $$"""{ "FopWatch": { {{setting}} } }""");
        Assert.Equal(problem, Assert.Single(Problems()));
    }

    [Fact]
    public async Task A_wrong_setting_names_where_the_settings_were_read_from()
    {
        File.WriteAllText(Name, """{ "FopWatch": { "Sources": { "me dia": {} } } }""");

        var (exit, output, fromFile) = await CommandProcess.RunAsync(_folder.FullName, [], "serve", "--config", Name);
        var (_, _, fromBoth) = await CommandProcess.RunAsync(_folder.FullName, new() { ["FopWatch__Retention"] = "1" }, "serve", "--config", Name);
        var (_, _, fromVariables) = await CommandProcess.RunAsync(_folder.FullName, new() { ["FopWatch__Retention"] = "1" });

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Contains("FopWatch:Sources:me dia is not a valid name: a source's name is 1 to 64 of A-Z a-z 0-9 _ -", fromFile, StringComparison.Ordinal);
        Assert.EndsWith($"\nThe settings were read from {Name}.\n", fromFile, StringComparison.Ordinal);
        Assert.EndsWith(
            $"\nThe settings were read from {Name} and the environment (1 FopWatch__… variable(s)), which takes precedence.\n", fromBoth, StringComparison.Ordinal);
        Assert.EndsWith(
            $"\nThe settings were read from the environment (1 FopWatch__… variable(s)). There is no settings file {Path.Combine(_folder.FullName, "fopwatch.json")}.\n",
            fromVariables,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_a_missing_file_and_an_endless_file_are_named()
    {
        Assert.Equal([$"{_folder.FullName} is a folder, not a settings file"], Problems(_folder.FullName));
        Assert.Equal([$"{Name}: there is no such file"], Problems(Name));
        Assert.Equal([$"{Name}/below: there is no such file"], Problems(Name + "/below"));
        Assert.Equal(["/dev/zero is a device, not a settings file"], Problems("/dev/zero"));
    }

    [Fact]
    public void A_file_without_Unicode_text_is_refused_with_the_advice_to_save_it_as_UTF_8()
    {
        foreach (var bytes in (byte[][])[Encoding.Unicode.GetBytes("{}"), [.. "{ \"FopWatch\": { \"PublicUrl\": \""u8, 0xCA, 0xFD, .. "\" } }"u8]])
        {
            File.WriteAllBytes(Name, bytes);
            Assert.Equal([$"{Name} is not text in UTF-8: save it as UTF-8"], Problems());
        }
    }

    [Fact]
    public void Without_a_file_the_path_that_was_tried_is_known()
    {
        var read = SettingsFile.Read(null, HostSettings.DefaultUrls, "data");
        Assert.Equal((Path.GetFullPath("fopwatch.json"), false), (read.ReadFrom!.File, read.ReadFrom.Exists));
    }

    private IReadOnlyList<string> Problems(string? file = null) =>
        Assert.Throws<SettingsException>(() => SettingsFile.Read(file ?? Name, HostSettings.DefaultUrls, "data")).Problems;
}
