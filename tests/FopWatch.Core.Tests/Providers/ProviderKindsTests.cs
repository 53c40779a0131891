using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Providers;

public class ProviderKindsTests
{
    [Fact]
    public void There_is_exactly_one_provider_of_every_kind()
    {
        Assert.All(Enum.GetValues<ProviderKind>(), kind => Assert.Equal(kind, ProviderKinds.For(kind).Kind));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProviderKinds.For((ProviderKind)99));
    }

    [Theory]
    [InlineData(ProviderKind.Qiniu, "https://api.qiniu.com", "https://api.qiniu.com/status/get/prefop?id=z0.a-B_1")]
    [InlineData(ProviderKind.Qiniu, "http://127.0.0.1:81/base/?x=1", "http://127.0.0.1:81/base/status/get/prefop?id=z0.a-B_1")]
    [InlineData(ProviderKind.WangsuFmgr, "https://mgr.example.com/", "https://mgr.example.com/fmgr/status?persistentId=z0.a-B_1")]
    [InlineData(ProviderKind.WangsuFops, "https://mgr.example.com/a/b", "https://mgr.example.com/a/b/status/get/prefop?persistentId=z0.a-B_1")]
    public void The_status_query_is_appended_to_the_endpoint(ProviderKind kind, string endpoint, string uri) =>
        Assert.Equal(uri, ProviderKinds.For(kind).StatusUri(new(endpoint), "z0.a-B_1").AbsoluteUri);

    [Fact]
    public void An_id_cannot_change_the_query() =>
        Assert.Equal("?id=a%26b%3Dc%23d%2F..", Bodies.Qiniu.StatusUri(new("https://api.example.com"), "a&b=c#d/..").Query);

    [Fact]
    public void The_defaults_follow_from_how_long_each_provider_retries()
    {
        var qiniu = Bodies.Qiniu.DefaultPoll;
        Assert.Equal(
            (TimeSpan.FromMinutes(2), 1.5, TimeSpan.FromMinutes(10), TimeSpan.FromDays(9), 10.0),
            (qiniu.First, qiniu.Factor, qiniu.Max, qiniu.Deadline, qiniu.PerSecond));
        Assert.Equal(new("https://api.qiniu.com"), Bodies.Qiniu.DefaultStatusEndpoint);
        Assert.Equal(TimeSpan.FromMinutes(6), Bodies.Fmgr.DefaultPoll.First);
        Assert.Equal(TimeSpan.FromMinutes(6), Bodies.Fops.DefaultPoll.First);
        Assert.Null(Bodies.Fmgr.DefaultStatusEndpoint);
        Assert.Null(Bodies.Fops.DefaultStatusEndpoint);
    }

    [Theory]
    [InlineData(PollAnswer.Report, 200)]
    [InlineData(PollAnswer.NotFound, 612)]
    [InlineData(PollAnswer.Throttled, 429, 573)]
    [InlineData(PollAnswer.Unavailable, 500, 502, 503, 504, 571, 599, 600, 613, 700)]
    [InlineData(PollAnswer.Refused, 201, 204, 302, 400, 401, 403, 404, 501, 509, 579, 608, 614, 616, 618, 630, 631, 632, 640, 701)]
    public void The_meaning_of_Qinius_status_codes(PollAnswer answer, params int[] statuses) =>
        Assert.All(statuses, status => Assert.Equal(answer, Bodies.Qiniu.Classify(status)));

    [Theory]
    [InlineData(PollAnswer.Report, 200)]
    [InlineData(PollAnswer.NotFound, 404)]
    [InlineData(PollAnswer.Throttled, 429)]
    [InlineData(PollAnswer.Unavailable, 500, 501, 503, 599)]
    [InlineData(PollAnswer.Refused, 204, 301, 400, 403, 612)]
    public void The_meaning_of_Wangsus_status_codes(PollAnswer answer, params int[] statuses) =>
        Assert.All(statuses, status =>
        {
            Assert.Equal(answer, Bodies.Fmgr.Classify(status));
            Assert.Equal(answer, Bodies.Fops.Classify(status));
        });

    [Fact]
    public void Only_Wangsus_status_for_an_unknown_id_is_one_that_any_web_server_answers()
    {
        Assert.True(Bodies.Fmgr.NotFoundIsToldByBody);
        Assert.True(Bodies.Fops.NotFoundIsToldByBody);
        Assert.False(Bodies.Qiniu.NotFoundIsToldByBody);
    }
}
