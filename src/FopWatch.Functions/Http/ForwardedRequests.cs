using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FopWatch.Functions.Http;

/// <summary>
/// The values of <see cref="Header"/> under which the Functions host has forwarded requests that are not answered yet. The ASP.NET Core
/// integration matches a request with its invocation by this header.
/// </summary>
internal sealed class ForwardedRequests : IStartupFilter
{
    /// <summary>The header. Functions hosts before the fix of azure-functions-host issue 10934 leave a client's own value in it.</summary>
    public const string Header = "x-ms-invocation-id";

    private readonly ConcurrentDictionary<string, int> _values = new(StringComparer.Ordinal);

    /// <summary>Whether a request was forwarded under a value and is not answered yet.</summary>
    public bool Has(string value) => _values.ContainsKey(value);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            var value = context.Request.Headers[Header].ToString();
            _values.AddOrUpdate(value, 1, static (_, count) => count + 1);
            try
            {
                await rest(context);
            }
            finally
            {
                if (_values.AddOrUpdate(value, 0, static (_, count) => count - 1) <= 0)
                    _values.TryRemove(KeyValuePair.Create(value, 0));
            }
        });
        next(app);
    };
}
