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
