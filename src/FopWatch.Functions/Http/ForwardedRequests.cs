using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FopWatch.Functions.Http;

/// <summary>
/// The values of <see cref="Header"/> of forwarded requests in progress. With this header, the ASP.NET Core integration matches a request with its
/// invocation.
/// </summary>
internal sealed class ForwardedRequests : IStartupFilter
{
    /// <summary>The header. Functions hosts without the fix of azure-functions-host issue 10934 leave a client's own value in it.</summary>
    public const string Header = "x-ms-invocation-id";

    private readonly ConcurrentDictionary<string, int> _values = new(StringComparer.Ordinal);

    /// <summary>Whether a request with this value is in progress.</summary>
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
