using System.Globalization;
using System.Text;

namespace FopWatch.Load.Generating;

/// <summary>Arrays of registrations.</summary>
/// <param name="url">The host.</param>
/// <param name="ids">The ids to register.</param>
/// <param name="each">The number of jobs per array.</param>
/// <param name="firstPollAfter">The time until the first poll.</param>
internal sealed class RegistrationRequests(Uri url, JobIds ids, int each, Func<TimeSpan> firstPollAfter) : HttpRequests
{
    // JSON allows blanks before a number.
    private const string Wait = "            ";

    private readonly byte[] _request = Template(url, each);
    private readonly int[] _ids = PlacesOf(Template(url, each), JobIds.Place);
    private readonly int[] _waits = PlacesOf(Template(url, each), Wait);

    public override int Each => each;

    public override int Done => 202;

    public override ReadOnlyMemory<byte> Next()
    {
        if (ids.Take(each) is not { } first)
            return default;
        var wait = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{firstPollAfter().TotalSeconds,12:0.000}"));
        for (var i = 0; i < each; i++)
        {
            ids.Write(first + i, _request, _ids[i]);
            wait.CopyTo(_request, _waits[i]);
        }

        return _request;
    }

    private static byte[] Template(Uri url, int each)
    {
        const string Job = $$"""{"source":"{{Source}}","id":"{{JobIds.Place}}","firstPollAfter":{{Wait}}}""";
        return Request("POST", "/api/jobs", url, "Content-Type: application/json\r\n", $"[{string.Join(',', Enumerable.Repeat(Job, each))}]");
    }
}
