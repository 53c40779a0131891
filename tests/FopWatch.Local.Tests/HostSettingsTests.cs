using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Local.Tests;

public class HostSettingsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:7071")]
    [InlineData("http://localhost:7071;http://[::1]:7071")]
    public void Loopback_addresses_need_no_key(string urls) => Assert.Null(Read(urls, []).ApiKey);

    [Theory]
    [InlineData("http://0.0.0.0:7071")]
    [InlineData("http://*:7071")]
    [InlineData("http://127.0.0.1:7071;http://10.0.0.5:7071")]
    public void Any_other_address_needs_a_key(string urls)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(urls, [])).Problems);
        Assert.StartsWith("FopWatch:ApiKey is missing", problem, StringComparison.Ordinal);

        Assert.Equal("0123456789abcdef", Read(urls, new() { ["FopWatch:ApiKey"] = "0123456789abcdef" }).ApiKey);
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
    public void What_no_host_could_listen_on_is_named_before_anything_starts(string urls)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Read(urls, [])).Problems);
        Assert.StartsWith($"--urls is '{urls}'", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://localhost:7071/")]
    public void A_free_port_of_an_address_and_a_closing_slash_are_right(string urls) => Assert.Equal(urls, Read(urls, []).Urls);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void A_data_folder_without_a_name_is_named(string data)
    {
        var configuration = new ConfigurationBuilder().Build();
        var refused = Assert.Throws<SettingsException>(() => HostSettings.Read(configuration, HostSettings.DefaultUrls, data));
        Assert.Equal("A setting is wrong: --data is empty: give the folder that holds all state, such as ./fopwatch-data", refused.Message);
    }

    [Fact]
    public void Every_problem_is_named_those_of_the_sources_too()
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

    private static HostSettings Read(string urls, Dictionary<string, string?> settings) =>
        HostSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), urls, "data");
}
