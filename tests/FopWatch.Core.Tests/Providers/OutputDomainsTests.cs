using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Providers;

public class OutputDomainsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("https://cdn.example.com", "out.mp4", "https://cdn.example.com/out.mp4")]
    [InlineData("https://cdn.example.com/", "a/b/out.mp4", "https://cdn.example.com/a/b/out.mp4")]
    [InlineData("https://cdn.example.com/v1/", "a/out.mp4", "https://cdn.example.com/v1/a/out.mp4")]
    [InlineData("https://cdn.example.com/%E8%A7%86", "a", "https://cdn.example.com/%E8%A7%86/a")]
    [InlineData("http://cdn.example.com:8080", "a", "http://cdn.example.com:8080/a")]
    [InlineData("https://[::1]:8443", "a", "https://[::1]:8443/a")]
    [InlineData("https://视频.example.com", "a", "https://xn--cy2a840a.example.com/a")]
    [InlineData("https://cdn.example.com", "第 1 课.mp4", "https://cdn.example.com/%E7%AC%AC%201%20%E8%AF%BE.mp4")]
    [InlineData("https://cdn.example.com", "a?b#c%d&e=f+g.mp4", "https://cdn.example.com/a%3Fb%23c%25d%26e%3Df%2Bg.mp4")]
    [InlineData("https://cdn.example.com", "a%2Fb", "https://cdn.example.com/a%252Fb")]
    [InlineData("https://cdn.example.com", "a\\b", "https://cdn.example.com/a%5Cb")]
    [InlineData("https://cdn.example.com", "/leading//double/", "https://cdn.example.com//leading//double/")]
    [InlineData("https://cdn.example.com", "8ehryqviSaMIjkVQDGeDcKRZ6qc=/Fjg~_-.", "https://cdn.example.com/8ehryqviSaMIjkVQDGeDcKRZ6qc%3D/Fjg~_-.")]
    [InlineData("https://cdn.example.com", "\U0001F600.gif", "https://cdn.example.com/%F0%9F%98%80.gif")]
    public void A_key_is_encoded_segment_by_segment(string domain, string key, string url)
    {
        var built = Domains(domain).UrlOf("b", key);

        Assert.Equal(url, built);
        Assert.EndsWith(key, Uri.UnescapeDataString(new Uri(built!).AbsolutePath), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "a")]
    [InlineData("other", "a")]
    [InlineData("B", "a")]
    [InlineData("b", null)]
    [InlineData("b", "")]
    [InlineData("b", "a/../c")]
    [InlineData("b", "./a")]
    [InlineData("b", "..")]
    public void An_output_has_no_URL_without_a_domain_or_with_a_key_that_no_URL_can_have(string? bucket, string? key) =>
        Assert.Null(Domains("https://cdn.example.com").UrlOf(bucket, key));

    [Fact]
    public void A_URL_from_the_provider_is_kept_and_other_outputs_get_theirs_in_answers_and_events()
    {
        var domains = Domains("https://cdn.example.com");
        var change = Settled();

        var record = change.Job.ToRecord(domains);
        var published = JobEvent.Parse(change.ToEvent(domains)!.Body).Data;

        foreach (var job in (JobRecord[])[record, published])
            Assert.Equal(["https://cdn.example.com/a%20b.mp4", "http://provider.example.com/c", null], job.Items[0].Outputs.Select(output => output.Url));
        Assert.All(change.Job.ToRecord().Items[0].Outputs.Where(output => output.Key != "c"), output => Assert.Null(output.Url));
    }

    [Fact]
    public void URLs_derived_from_settings_are_not_stored()
    {
        var change = Settled();

        var stored = System.Text.Encoding.UTF8.GetString(JobJson.Serialize(change.Job));

        Assert.DoesNotContain("cdn.example.com", stored, StringComparison.Ordinal);
        Assert.Equal("https://new.example.com/a%20b.mp4", change.Job.ToRecord(Domains("https://new.example.com")).Items[0].Outputs[0].Url);
    }

    private static OutputDomains Domains(string url) => new([new("b", new(url))]);

    private static JobChange Settled() => Job.New(
        new("media", "id"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Start, Deadline = Start.AddDays(9) }, Start)
        .Apply(
            new()
            {
                Id = "id",
                Channel = ReportChannel.Poll,
                Facts = (JobFacts.None with { Closed = true }).WithItems(
                [
                    new ItemFacts
                    {
                        Command = "avthumb/mp4",
                        State = ItemState.Succeeded,
                        Outputs =
                        [
                            new() { Bucket = "b", Key = "a b.mp4" },
                            new() { Bucket = "b", Key = "c", Url = "http://provider.example.com/c" },
                            new() { Bucket = "elsewhere", Key = "d" },
                        ],
                    },
                ]),
            },
            Start);
}
