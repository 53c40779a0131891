using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Local.Tests;

public class HostSettingsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:7071")]
    [InlineData("http://localhost:7071;http://[::1]:7071")]
    [InlineData("http://LOCALHOST:7071;http://127.0.0.2:7071;http://fop.localhost:7071;http://[::ffff:127.0.0.1]:7071")]
    public void Loopback_addresses_need_no_key(string urls) => Assert.Null(Read(urls, []).ApiKey);

    [Theory]
    [InlineData("http://0.0.0.0:7071")]
    [InlineData("http://*:7071")]
    [InlineData("http://+:7071")]
    [InlineData("http://[::]:7071")]
    [InlineData("http://loopback:7071")]
    [InlineData("http://LOOPBACK")]
    [InlineData("http://localhost.:7071")]
    [InlineData("http://any-name:7071")]
    [InlineData("http://127.0.0.1:7071;http://10.0.0.5:7071")]
    public void Every_other_address_needs_a_key(string urls)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(urls, [])).Problems);
        Assert.StartsWith("FopWatch:ApiKey is missing", problem, StringComparison.Ordinal);

        Assert.Equal("0123456789abcdef", Read(urls, new() { ["FopWatch:ApiKey"] = "0123456789abcdef" }).ApiKey);
    }

    [Theory]
    [InlineData("https://hooks.example.com")]
    [InlineData("http://10.0.0.5:7071/fop")]
    [InlineData("https://localhost.example.com")]
    public void A_public_URL_other_than_loopback_needs_a_key(string publicUrl)
    {
        Dictionary<string, string?> settings = new() { ["FopWatch:PublicUrl"] = publicUrl };
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(HostSettings.DefaultUrls, settings)).Problems);
        Assert.Equal(
            $"FopWatch:ApiKey is missing, and other machines can reach the host: a proxy or tunnel at FopWatch:PublicUrl ({publicUrl}) "
            + "leads to it. Set a secret of at least 16 characters, for example the output of 'openssl rand -hex 16'",
            problem);

        settings["FopWatch:ApiKey"] = "0123456789abcdef";
        Assert.Equal("0123456789abcdef", Read(HostSettings.DefaultUrls, settings).ApiKey);
    }

    [Theory]
    [InlineData("http://localhost:7071")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://[::1]:7071/fop")]
    public void A_loopback_public_URL_needs_no_key(string publicUrl) =>
        Assert.Null(Read(HostSettings.DefaultUrls, new() { ["FopWatch:PublicUrl"] = publicUrl }).ApiKey);

    [Fact]
    public void Settings_that_start_no_host_need_no_key()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("FopWatch:PublicUrl", "https://hooks.example.com")]).Build();
        Assert.True(HostSettings.Read(configuration, HostSettings.DefaultUrls, "data", serves: false).Shared.IsPublic);
    }

    [Theory]
    [InlineData(" 0123456789abcdef")]
    [InlineData("0123456789abcdef ")]
    [InlineData("0123456789abcdef\n")]
    [InlineData("0123456789abcdef\r\n")]
    [InlineData("\t0123456789abcdef")]
    [InlineData("\u00A00123456789abcdef")]
    public void A_key_with_blanks_or_a_line_break_at_its_ends_is_refused_and_not_repeated(string key)
    {
        var refused = Assert.Throws<SettingsException>(() => Read(HostSettings.DefaultUrls, new() { ["FopWatch:ApiKey"] = key }));
        Assert.StartsWith("FopWatch:ApiKey has whitespace around it or characters outside printable ASCII", Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("127.0.0.1:7071")]
    [InlineData("https://127.0.0.1:7071")]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://127.0.0.1:7071/base")]
    [InlineData("http://127.0.0.1:7071?x=1")]
    [InlineData("http://127.0.0.1:7071;http://localhost:0")]
    public void An_address_that_no_host_can_listen_on_is_named_before_anything_starts(string urls)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(urls, [])).Problems);
        Assert.StartsWith($"--urls is '{urls}'", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://localhost:7071/")]
    public void A_free_port_and_a_trailing_slash_are_accepted(string urls) => Assert.Equal(urls, Read(urls, []).Urls);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void An_empty_data_folder_name_is_reported(string data)
    {
        var configuration = new ConfigurationBuilder().Build();
        var refused = Assert.Throws<SettingsException>(() => HostSettings.Read(configuration, HostSettings.DefaultUrls, data));
        Assert.Equal("A setting is wrong: --data is empty: it takes the folder that holds all state, such as ./fopwatch-data", refused.Message);
    }

    [Theory]
    [InlineData("FopWatch:ApiKey", "short", "is shorter than 16 characters")]
    [InlineData("FopWatch:ApiKey", "<your API key>", "is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("FopWatch:ApiKey", " ", "is empty: give a key of at least 16 characters, or leave the setting out")]
    [InlineData("FopWatch:ApiKey", "@Microsoft.KeyVault(x)", "is a reference that was not resolved: check that the secret exists and that the app's identity and network may read it")]
    [InlineData("FopWatch:Tables:Name", "fopwatch", "is not a setting of FopWatch; docs/settings.md lists them all")]
    [InlineData("FopWatch:ApiUrl", "https://fopwatch.example.com", "is not a setting of FopWatch; docs/settings.md lists them all")]
    [InlineData("FopWatch", "Sources", "is a single value: it takes a map from names to settings")]
    public void A_wrong_setting_is_named_with_valid_values(string name, string value, params string[] problems)
    {
        var refused = Assert.Throws<SettingsException>(() => Read(HostSettings.DefaultUrls, new() { [name] = value }));

        Assert.Equal(problems.Select(problem => $"{name} {problem}"), refused.Problems);
    }

    [Fact]
    public void A_key_that_is_a_map_is_reported_as_a_map_and_not_as_missing()
    {
        var refused = Assert.Throws<SettingsException>(() => Read("http://0.0.0.0:7071", new() { ["FopWatch:ApiKey:0"] = "0123456789abcdef" }));

        Assert.Equal("FopWatch:ApiKey is a map: it takes a single value", Assert.Single(refused.Problems));
    }

    [Theory]
    [InlineData("http://0.0.0.0:7071", null)]
    [InlineData(HostSettings.DefaultUrls, "https://hooks.example.com")]
    public void A_named_key_is_enough_for_a_host_that_others_can_reach(string urls, string? publicUrl)
    {
        var read = Read(urls, new()
        {
            ["FopWatch:PublicUrl"] = publicUrl,
            ["FopWatch:ApiKeys:ops:Key"] = "0123456789abcdef",
            ["FopWatch:ApiKeys:ops:Rights"] = "Read",
        });

        Assert.Null(read.ApiKey);
        Assert.Equal("ops", read.Keys.Find("0123456789abcdef")!.Name);
    }

    [Fact]
    public void The_key_with_all_rights_must_differ_from_the_named_keys()
    {
        var settings = new Dictionary<string, string?>
        {
            ["FopWatch:ApiKey"] = "0123456789abcdef",
            ["FopWatch:ApiKeys:ops:Key"] = "0123456789abcdef",
            ["FopWatch:ApiKeys:ops:Rights"] = "Read",
        };

        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(HostSettings.DefaultUrls, settings)).Problems);
        Assert.Equal("FopWatch:ApiKey is the same as FopWatch:ApiKeys:ops:Key", problem);

        settings["FopWatch:ApiKey"] = "fedcba9876543210";
        var keys = Read(HostSettings.DefaultUrls, settings).Keys;
        Assert.Equal(new(null, KeyRights.Write, null), keys.Find("fedcba9876543210"));
        Assert.Equal(new("ops", KeyRights.Read, null), keys.Find("0123456789abcdef"));
    }

    [Fact]
    public void A_missing_key_is_reported_together_with_other_problems()
    {
        var refused = Assert.Throws<SettingsException>(() => Read(
            HostSettings.DefaultUrls,
            new() { ["FopWatch:PublicUrl"] = "https://hooks.example.com", ["FopWatch:Retention"] = "forever", ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "localhost:4317" }));

        string[] expected = ["FopWatch:ApiKey", "FopWatch:Retention", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        Assert.Equal(expected, refused.Problems.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_problem_is_reported_including_those_of_the_sources()
    {
        var settings = new Dictionary<string, string?>
        {
            ["FopWatch:ApiKey"] = "short",
            ["FopWatch:Retention"] = "forever",
            ["FopWatch:Sources:media:Provider"] = "Nobody",
            ["FopWatch:Sources:media:NotifyTokens:0"] = "long-enough",
            ["FopWatch:Surces"] = "typo",
        };

        var problems = Assert.Throws<SettingsException>(() => Read("https://127.0.0.1:7071", settings)).Problems;

        string[] expected = ["--urls", "FopWatch:ApiKey", "FopWatch:Retention", "FopWatch:Sources:media:Provider", "FopWatch:Surces"];
        Assert.Equal(expected, problems.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Contains("short ", StringComparison.Ordinal));
    }

    /// <summary>Later configuration overrides earlier, names included: the environment comes after the file.</summary>
    [Theory]
    [InlineData("media", "MEDIA")]
    [InlineData("MEDIA", "media")]
    public void A_source_spelled_differently_in_file_and_environment_is_an_error_that_names_both(string first, string second)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new($"FopWatch:Sources:{first}:Provider", "Qiniu"), new($"FopWatch:Sources:{first}:NotifyTokens:0", "abcdefgh")])
            .AddInMemoryCollection([new($"FOPWATCH:SOURCES:{second}:TRUST", "Token")])
            .Build();

        var problem = Assert.Single(Assert.Throws<SettingsException>(() => HostSettings.Read(configuration, HostSettings.DefaultUrls, "data")).Problems);

        Assert.StartsWith($"FopWatch:Sources:{first} is also written '{second}': ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_spelled_alike_merges_its_settings_from_file_and_environment()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("FopWatch:Sources:media:Provider", "Qiniu"), new("FopWatch:Sources:media:NotifyTokens:0", "abcdefgh")])
            .AddInMemoryCollection([new("FOPWATCH:SOURCES:media:NOTIFYTOKENS:0", "ijklmnop"), new("FOPWATCH:RETENTION", "1.00:00:00")])
            .Build();

        var shared = HostSettings.Read(configuration, HostSettings.DefaultUrls, "data").Shared;

        var media = Assert.Single(shared.Sources.All);
        Assert.Equal("media", media.Name);
        Assert.True(media.Tokens.Match("ijklmnop") && !media.Tokens.Match("abcdefgh"));
        Assert.Equal(TimeSpan.FromDays(1), shared.Retention);
    }

    private static HostSettings Read(string urls, Dictionary<string, string?> settings) =>
        HostSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), urls, "data");
}
