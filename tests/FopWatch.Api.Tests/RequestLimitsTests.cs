using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Api.Tests;

public sealed class RequestLimitsTests : IDisposable
{
    private readonly RequestLimits _limits = new(FopWatchSettings.Read([]), TimeProvider.System, NullLogger<RequestLimits>.Instance);

    public void Dispose() => _limits.Dispose();

    [Theory]
    [InlineData("/api/jobs/media/z0.a/poll", "")]
    [InlineData("/api/jobs/media/z0.a", "?wait=30")]
    [InlineData("/events", "")]
    public void What_waits_takes_no_place_from_other_calls_nor_from_notifications(string path, string query)
    {
        for (var i = 0; i < RequestLimits.Waiting; i++)
            Assert.NotNull(_limits.Enter(Request(path, query)));

        Assert.Null(_limits.Enter(Request(path, query)));
        Assert.NotNull(_limits.Enter(Request("/api/jobs")));
        Assert.NotNull(_limits.Enter(Request("/api/notify/media/right-token")));
    }

    [Fact]
    public void A_place_is_free_again_once_its_request_has_been_answered()
    {
        var places = Enumerable.Range(0, RequestLimits.Calls).Select(_ => _limits.Enter(Request("/api/jobs"))).ToList();
        Assert.Null(_limits.Enter(Request("/api/jobs")));
        Assert.Equal(1, _limits.TurnedAway);

        places[0]!.Dispose();
        Assert.NotNull(_limits.Enter(Request("/api/jobs")));
    }

    private static HttpRequest Request(string path, string query = "") => new DefaultHttpContext
    {
        Request = { Path = path, QueryString = new(query) },
    }.Request;
}
